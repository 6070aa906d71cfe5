import { HttpException, HttpStatus } from '@nestjs/common';
import { fieldPath } from '../session/field-names.js';
import type { FormErrors } from '../session/form-bags.js';
import { type Finding, byField } from './form-errors.js';
import { InvalidFormException } from './invalid-form.exception.js';

/** The statuses with which pipes reject an invalid form. */
const STATUSES: readonly number[] = [HttpStatus.BAD_REQUEST, HttpStatus.UNPROCESSABLE_ENTITY];

/** `email: Invalid email`, the format of StandardSchemaValidationPipe. */
const OF_SCHEMA = /^([\w$-]+(?:\.[\w$-]+)*): (.+)$/s;

/** The beginning of class-validator's own messages; nested fields are preceded by their parents. */
const OF_VALIDATOR =
  /^((?:[\w$-]+\.)*)(?:each value in )?(?:nested property |property )?([\w$-]+) (?:must|should|is|can|has|contains|may) /;

/**
 * The form errors in an exception, by field; null if it contains none. A pipe without `invalidForm` only
 * provides the texts of its response: a text that begins with a field is assigned to that field, all others
 * to the form as a whole.
 */
export function thrownErrors(thrown: unknown): FormErrors | null {
  if (thrown instanceof InvalidFormException) return thrown.errors;
  if (!(thrown instanceof HttpException) || !STATUSES.includes(thrown.getStatus())) return null;
  const answer = thrown.getResponse();
  const message: unknown = typeof answer === 'object' ? Reflect.get(answer, 'message') : null;
  if (isTexts(message)) return byField(message.map((text) => findingIn(text)));
  if (typeof message !== 'object' || message === null) return null;
  // `errorFormat: 'grouped'`.
  const groups: [string, unknown][] = Object.entries(message);
  const findings = groups.flatMap(([field, texts]) =>
    isTexts(texts) ? texts.map((text) => ({ field: fieldPath(field), message: text })) : [],
  );
  return findings.length === 0 ? null : byField(findings);
}

function findingIn(text: string): Pick<Finding, 'field' | 'message'> {
  const [, path, message] = OF_SCHEMA.exec(text) ?? [];
  if (path !== undefined && message !== undefined) return { field: path, message };
  const [, parents, name] = OF_VALIDATOR.exec(text) ?? [];
  if (parents === undefined || name === undefined) return { field: '', message: text };
  return { field: parents + name, message: text.slice(parents.length) };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}
