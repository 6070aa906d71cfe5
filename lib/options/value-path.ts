import { isKey } from '../state/values.js';
import type { Check } from './read-option.js';
import { is } from './checks.js';

/** The path of a session value. @param takes what it names, for messages */
export function valuePath(takes: string): Check<string> {
  return is(takes, (value): value is string => typeof value === 'string' && value !== '' && isKey(value));
}
