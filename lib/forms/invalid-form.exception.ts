import { BadRequestException } from '@nestjs/common';
import type { FormErrors } from '../session/form-bags.js';
import { type FieldValidationError, type SchemaIssue, byField, findingsOf } from './form-errors.js';

/**
 * A form that cannot be accepted. FormErrorsFilter sends it back to its page; to a client of an API, and where there is no such
 * filter, it is a 400 with the messages.
 *
 * @example
 * if (account === null) throw new InvalidFormException({ '': 'Address and password do not match.' });
 * if (isTaken) throw new InvalidFormException({ email: 'This address has an account already.' });
 */
export class InvalidFormException extends BadRequestException {
  /** By the dot paths of the fields (`lines.0.sku`); '' for the form as a whole. */
  readonly errors: FormErrors;

  /**
   * @param errors what is wrong: a message or several by the field's name, as it stands in the form or as a dot path; under ''
   * what is about no single field
   * @param texts what clients of an API are told. Default: the messages
   */
  constructor(errors: Readonly<Record<string, string | readonly string[]>>, texts?: readonly string[]) {
    const findings = Object.entries(errors).flatMap(([name, messages]) =>
      [messages].flat().map((message) => ({ property: name, constraints: { message } })),
    );
    const found = findingsOf(findings);
    super([...(texts ?? found.map(({ message }) => message))]);
    this.errors = byField(found);
  }
}

/**
 * Makes an exception of what a pipe found, with all fields told apart: the `exceptionFactory` of Nest's ValidationPipe
 * (class-validator) and of its StandardSchemaValidationPipe (zod, valibot, ...). Clients of an API are told the same as without.
 *
 * @example
 * app.useGlobalPipes(new ValidationPipe({ transform: true, exceptionFactory: invalidForm }));
 * app.useGlobalFilters(new FormErrorsFilter());
 */
export function invalidForm(found: readonly (FieldValidationError | SchemaIssue)[]): InvalidFormException {
  const findings = findingsOf(found);
  return new InvalidFormException(
    byField(findings),
    findings.map(({ text }) => text),
  );
}
