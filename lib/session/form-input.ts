import { type Values, isPlain } from '../state/values.js';

/** What never refills a form, unless the option `flash.except` says otherwise. Case, `_` and `-` make no difference. */
export const NEVER_FLASHED: readonly string[] = [
  'password',
  'passwordConfirmation',
  'passwordConfirm',
  'confirmPassword',
  'passwordRepeat',
  'repeatPassword',
  'currentPassword',
  'oldPassword',
  'newPassword',
  'newPasswordConfirmation',
  'passwd',
  'pwd',
  'passphrase',
  'token',
  'csrf',
  'csrfToken',
  'xsrfToken',
  'accessToken',
  'refreshToken',
  'idToken',
  'apiKey',
  'secret',
  'otp',
  'totp',
];

/** The spelling in which field names are compared. */
export function fieldName(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '');
}

/** How deep the fields of a form may be nested; what lies deeper refills none. */
const MAX_DEPTH = 32;

/** Names that no object of ours may have as a key of its own, since it could reach a prototype later. */
const FORBIDDEN = new Set(['__proto__', 'prototype', 'constructor']);

/**
 * The fields of a posted form that may be shown again: a copy of the body without what is never flashed, however deep
 * it lies, and without what is nested absurdly deep. What is no form (nothing, text, bytes, a list) has no fields.
 */
export function formInput(body: unknown, isNeverFlashed: (field: string) => boolean): Values {
  return isFields(body) ? withoutSecrets(body, isNeverFlashed, 1) : {};
}

function withoutSecrets(
  fields: Record<string, unknown>,
  isNeverFlashed: (field: string) => boolean,
  depth: number,
): Values {
  const input: Values = {};
  for (const [name, value] of Object.entries(fields)) {
    // Comes from a visitor: what cannot be a key is left out and not reported.
    // A parser may have left `user[password]` as it was sent (Fastify's does).
    const segments = name.split(/[.[\]]+/);
    if (segments.some((segment) => FORBIDDEN.has(segment) || isNeverFlashed(segment)) || isNeverFlashed(name))
      continue;
    const cleaned = clean(value, isNeverFlashed, depth);
    if (cleaned !== undefined) input[name] = cleaned;
  }
  return input;
}

function clean(value: unknown, isNeverFlashed: (field: string) => boolean, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown) => clean(item, isNeverFlashed, depth + 1));
  return isFields(value) ? withoutSecrets(value, isNeverFlashed, depth + 1) : value;
}

function isFields(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return isPlain(value);
}
