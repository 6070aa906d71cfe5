import { ValidationPipe } from '@nestjs/common';
import { invalidForm } from 'nestjs-session-kit';

/**
 * Converts a posted form to its class, or throws an `InvalidFormException` with one message per invalid field.
 */
export const formPipe = new ValidationPipe({
  transform: true,
  whitelist: true,
  stopAtFirstError: true,
  exceptionFactory: invalidForm,
});
