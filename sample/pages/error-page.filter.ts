import { STATUS_CODES } from 'node:http';

import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Response } from 'express';

/**
 * Shows every error as a page. The template uses nothing of the session, because the session may be what failed: with
 * its store away, a `SessionUnavailableException` arrives here, and no page pretends that something was kept.
 */
@Catch()
export class ErrorPageFilter implements ExceptionFilter {
  readonly #logger = new Logger('Shop');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const status = statusOf(error);
    // What is thrown as an HttpException was meant; and of a failing store the session module has told by itself.
    if (status >= 500 && !(error instanceof HttpException)) this.#logger.error(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const title = STATUS_CODES[status] ?? 'Error';
    response.status(status).render('error', { status, title, message: messageOf(error, status) });
  }
}

/** What the visitor may read; null where nothing more is to be said. */
function messageOf(error: unknown, status: number): string | null {
  if (!(error instanceof HttpException) || status >= 500) return null;
  // Nest's own words for an address that no controller answers.
  return error.message.startsWith('Cannot GET ') ? 'There is no such page.' : error.message;
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Errors of the session and of Express's parsers say themselves what they should be answered with.
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return error.statusCode;
  return 500;
}
