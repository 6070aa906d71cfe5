import type { SessionSource } from '../lifecycle/taking-over/session-source.js';
import { type Check, hasFunctions } from './read-option.js';
import { is, listOf } from './checks.js';
import { isObject } from '../state/values.js';

const takes =
  'what fromExpressSession and its like return (nestjs-session-kit/migrate), or a source of your own';

const isSource = (value: unknown): value is SessionSource =>
  isObject(value) &&
  hasFunctions(value, 'find') &&
  typeof value['name'] === 'string' &&
  Array.isArray(value['cookies']) &&
  value['cookies'].length > 0 &&
  value['cookies'].every((cookie) => isObject(cookie) && typeof cookie['name'] === 'string');

/** The option `migrate`. A source may hold secrets, so its contents are never shown. */
export const sources: Check<readonly SessionSource[]> = listOf(
  is(takes, isSource, (value) =>
    isObject(value) ? 'an object of another kind' : `a value of type ${typeof value}`,
  ),
  'a list such as [fromExpressSession({ secret, store })]',
);
