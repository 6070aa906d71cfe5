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

/** What Express's parser answers a form that is larger than `furnish` lets it take. */
const TOO_LARGE: number = HttpStatus.PAYLOAD_TOO_LARGE;

/**
 * Shows every error as a page. What a visitor asked for and cannot have (an address that leads nowhere, a form from another
 * site) is answered in the frame of every page. Where something failed, the template uses nothing of the session, because
 * that may be what failed: with its store away, a `SessionUnavailableException` arrives here, and no page pretends that
 * something was kept.
 */
@Catch()
export class ErrorPageFilter implements ExceptionFilter {
  readonly #logger = new Logger('Shop');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const status = statusOf(error);
    // What is thrown as an HttpException was meant; and of a failing store the session module has told by itself.
    if (status >= 500 && !(error instanceof HttpException)) this.#logger.error(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const title = STATUS_CODES[status] ?? 'Error';
    // What the parser refuses is refused before there is a session, whose cart and visitor the frame would show.
    const { session } = http.getRequest<Request & { session?: unknown }>();
    const template = status < 500 && session !== undefined ? 'refusal' : 'failure';
    response.status(status).render(template, { status, title, message: messageOf(error, status) });
  }
}

/** What the visitor may read. */
function messageOf(error: unknown, status: number): string {
  if (status >= 500) {
    return 'Something went wrong on our side. What you did last may not have been kept; please try again in a moment.';
  }
  if (status === TOO_LARGE) return 'That is more than this form takes. Nothing was changed.';
  if (!(error instanceof HttpException)) return 'We cannot take what was sent. Nothing was changed.';
  // Nest's own words for an address that no controller answers.
  return /^Cannot [A-Z]+ \//.test(error.message) ? 'There is no such page.' : error.message;
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Errors of the session and of Express's parsers say themselves what they should be answered with.
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return error.statusCode;
  return 500;
}
