import { BadRequestException } from '@nestjs/common';
import { type FormErrors, NOT_SAID } from '../session/form-bags.js';
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
   * what is about no single field. Where there is no message at all, the form as a whole gets a general one
   * @param texts what clients of an API are told. Default: the messages
   */
  constructor(errors: Readonly<Record<string, string | readonly string[]>>, texts?: readonly string[]) {
    const findings = Object.entries(errors).flatMap(([name, messages]) =>
      [messages]
        .flat()
        // JavaScript may hand over anything, and a page shows what is there to be read.
        .filter((message) => typeof message === 'string' && message !== '')
        .map((message) => ({ property: name, constraints: { message } })),
    );
    const found = findings.length === 0 ? [{ field: '', message: NOT_SAID }] : findingsOf(findings);
    super(texts === undefined || texts.length === 0 ? found.map(({ message }) => message) : [...texts]);
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
