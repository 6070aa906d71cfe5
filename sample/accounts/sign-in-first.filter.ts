import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Session, SignInRequiredException } from 'nestjs-session-kit';

/**
 * Redirects visitors who have to sign in first to the sign-in page, says why, and remembers where they wanted
 * to go.
 */
@Catch(SignInRequiredException)
export class SignInFirst implements ExceptionFilter<SignInRequiredException> {
  catch(_error: SignInRequiredException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    // Only a page can be returned to: the URL of a posted form is no page.
    if (request.method === 'GET') Session.intended(request.originalUrl);
    Session.flash('status', 'Please sign in first.');
    http.getResponse<Response>().redirect(HttpStatus.SEE_OTHER, '/sign-in');
  }
}
