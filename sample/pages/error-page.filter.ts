import { STATUS_CODES } from 'node:http';

import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  HttpStatus,
  Logger,
} from '@nestjs/common';
import type { Request, Response } from 'express';

/** The status of Express's parser for a form that is larger than `furnish` allows. */
const TOO_LARGE: number = HttpStatus.PAYLOAD_TOO_LARGE;

/**
 * Shows every error as a page. Client errors (an unknown address, a form from another site) are shown in the
 * normal page frame. For server errors the template does not use the session, because that may be what failed:
 * if its store is down, a `SessionUnavailableException` arrives here, and no page pretends that something was
 * stored.
 */
@Catch()
export class ErrorPageFilter implements ExceptionFilter {
  readonly #logger = new Logger('Shop');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const status = statusOf(error);
    // An HttpException is thrown on purpose, and the session module itself logs store failures.
    if (status >= 500 && !(error instanceof HttpException)) this.#logger.error(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const title = STATUS_CODES[status] ?? 'Error';
    // The parser refuses a form before there is a session, and the frame shows the session's cart and visitor.
    const { session } = http.getRequest<Request & { session?: unknown }>();
    const template = status < 500 && session !== undefined ? 'refusal' : 'failure';
    response.status(status).render(template, { status, title, message: messageOf(error, status) });
  }
}

/** The message for the visitor. */
function messageOf(error: unknown, status: number): string {
  if (status >= 500) {
    return 'Something went wrong on our side. What you did last may not have been kept; please try again in a moment.';
  }
  if (status === TOO_LARGE) return 'That is more than this form takes. Nothing was changed.';
  if (!(error instanceof HttpException)) return 'We cannot take what was sent. Nothing was changed.';
  // Nest's own message for an unknown address.
  return /^Cannot [A-Z]+ \//.test(error.message) ? 'There is no such page.' : error.message;
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Errors of the session and of Express's parsers carry their own status.
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return error.statusCode;
  return 500;
}
