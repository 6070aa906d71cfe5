import { ValidationPipe } from '@nestjs/common';
import { invalidForm } from 'nestjs-session-kit';

/** Turns a posted form into its class, or throws an `InvalidFormException` with one message for each wrong field. */
export const formPipe = new ValidationPipe({
  transform: true,
  whitelist: true,
  stopAtFirstError: true,
  exceptionFactory: invalidForm,
});
