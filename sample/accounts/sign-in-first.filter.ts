import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Session, SignInRequiredException } from 'nestjs-session-kit';

/** Sends whoever has to sign in first to the page for it, says why, and keeps where he wanted to go. */
@Catch(SignInRequiredException)
export class SignInFirst implements ExceptionFilter<SignInRequiredException> {
  catch(_error: SignInRequiredException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    // Only a page can be returned to. A form that was posted would come back as a page that does not exist.
    if (request.method === 'GET') Session.intended(request.originalUrl);
    Session.flash('status', 'Please sign in first.');
    http.getResponse<Response>().redirect(HttpStatus.SEE_OTHER, '/sign-in');
  }
}
