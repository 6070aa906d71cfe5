import type { Secrets } from '../crypto/hmac.js';
import { listOf } from './checks.js';
import { type Check, optionError, withoutText } from './read-option.js';
import { weaknessOf } from './weak-secret.js';

const MIN_SECRET = 32;

const IS_IT_SET =
  'Where it comes from an environment variable, that one may not be set: Node does not read .env by itself (node --env-file=.env does).';

const IS_IT_MADE = 'Anybody who knows it can make sessions, under any name.';

const TAKES =
  `text of ${MIN_SECRET} characters or more, or a list of such texts, the newest first. ` +
  `Make one with: node -p "crypto.randomBytes(32).toString('base64url')" and keep it out of the repository`;

/** Messages never show a secret: its type and its length say what is wrong. */
const one: Check<string> = (value, option) => {
  const no = (got: string, why?: string): never => refuse(option, got, why);
  if (value === undefined || value === '') return no(value === '' ? 'an empty text' : 'nothing', IS_IT_SET);
  if (typeof value !== 'string') return no(typeof value === 'number' ? 'a number' : withoutText(value));
  if (value.length < MIN_SECRET) return no(`${value.length} characters`);
  const weakness = weaknessOf(value, MIN_SECRET);
  return weakness === null ? value : no(`text that ${weakness}, so others can guess it`, IS_IT_MADE);
};

function refuse(option: string, got: string, why = ''): never {
  throw optionError(option, `got ${got}; it takes ${TAKES}.${why === '' ? '' : ` ${why}`}`);
}

const several = listOf(one, TAKES);

/** One secret, or several, newest first. */
export const secrets: Check<Secrets> = (value, option) => {
  if (!Array.isArray(value)) return [one(value, option)];
  const [newest, ...older] = several(value, option);
  return newest === undefined ? refuse(option, 'an empty list') : [newest, ...older];
};
