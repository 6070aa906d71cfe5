import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Session } from 'nestjs-session-kit';

import { InvalidForm } from './invalid-form.js';

/**
 * Post, redirect, get: a form that was filled in wrongly leads back to its page, where the errors are shown and the
 * fields are filled as before. Both are flash messages, so they are there for exactly one page: a reload shows a clean
 * form, and the browser never asks whether to post again.
 */
@Catch(InvalidForm)
export class BackToForm implements ExceptionFilter<InvalidForm> {
  /** @param formPath the path of the page that shows the form, or a function that finds it in the form's fields */
  constructor(private readonly formPath: string | ((fields: Readonly<Record<string, unknown>>) => string)) {}

  catch(error: InvalidForm, host: ArgumentsHost): void {
    // Passwords are never flashed: the option `flash.except` names them by default.
    Session.flashAll().flash('errors', error.errors);
    const http = host.switchToHttp();
    const path =
      typeof this.formPath === 'string'
        ? this.formPath
        : this.formPath(http.getRequest<Request>().body ?? {});
    http.getResponse<Response>().redirect(HttpStatus.SEE_OTHER, path);
  }
}
