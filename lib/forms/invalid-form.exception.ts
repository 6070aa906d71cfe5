import { BadRequestException } from '@nestjs/common';
import { type FormErrors, NOT_SAID } from '../session/form-bags.js';
import { SessionValueError } from '../session.errors.js';
import { isOpaque } from '../state/object-kinds.js';
import { isObject } from '../state/values.js';
import { type FieldValidationError, type SchemaIssue, byField, findingsOf } from './form-errors.js';

/**
 * The exception for an invalid form. FormErrorsFilter redirects the visitor back to the form's page; API
 * clients, and applications without that filter, get a 400 with the messages.
 *
 * @example
 * if (account === null) throw new InvalidFormException({ '': 'Address and password do not match.' });
 * if (isTaken) throw new InvalidFormException({ email: 'This address has an account already.' });
 */
export class InvalidFormException extends BadRequestException {
  /** The errors by the dot paths of the fields (`lines.0.sku`); '' for the form as a whole. */
  readonly errors: FormErrors;

  /**
   * @param errors one or more messages by the field's name, as in the form or as a dot path; under '' for the
   * form as a whole. If there is no message at all, the form as a whole gets a general one
   * @param texts the texts for API clients. Default: the messages
   * @throws SessionValueError if the errors are not given by field: of a text, each letter would become a message
   */
  constructor(errors: Readonly<Record<string, string | readonly string[]>>, texts?: readonly string[]) {
    assertByField(errors);
    const findings = Object.entries(errors).flatMap(([name, messages]) =>
      [messages]
        .flat()
        // JavaScript callers may pass anything, but a page can only show non-empty strings.
        .filter((message) => typeof message === 'string' && message !== '')
        .map((message) => ({ property: name, constraints: { message } })),
    );
    const found = findings.length === 0 ? [{ field: '', message: NOT_SAID }] : findingsOf(findings);
    super(texts === undefined || texts.length === 0 ? found.map(({ message }) => message) : [...texts]);
    this.errors = byField(found);
  }
}

function assertByField(errors: unknown): void {
  if (isObject(errors) && !isOpaque(errors)) return;
  throw new SessionValueError(
    "InvalidFormException takes an object of messages by the names of the fields, such as { email: 'Taken.' }. A message about the " +
      "form as a whole stands under '': { '': 'Address and password do not match.' }.",
  );
}

/**
 * Creates an InvalidFormException from the errors of a pipe, with each error assigned to its field. Use it as
 * `exceptionFactory` of Nest's ValidationPipe (class-validator) or StandardSchemaValidationPipe (zod,
 * valibot, ...). API clients get the same response as without it.
 *
 * @param found the errors of class-validator, or the issues of a schema library, as the pipe passes them
 * @returns the exception, for the pipe to throw
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
