import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';

import { InvalidForm } from './invalid-form.js';

/** Turns a posted form into its class, or throws `InvalidForm` with one message for each wrong field. */
export const formPipe = new ValidationPipe({
  transform: true,
  whitelist: true,
  stopAtFirstError: true,
  exceptionFactory: (errors) => new InvalidForm(Object.fromEntries(errors.map(messageByField))),
});

function messageByField(error: ValidationError): [field: string, message: string] {
  return [error.property, Object.values(error.constraints ?? {})[0] ?? 'This is not valid.'];
}
