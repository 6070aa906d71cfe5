import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpStatus,
  UnauthorizedException,
} from '@nestjs/common';
import type { Response } from 'express';
import { Session } from 'nestjs-session-kit';

/** Sends whoever has to sign in first to the page for it, and says why. */
@Catch(UnauthorizedException)
export class SignInFirst implements ExceptionFilter<UnauthorizedException> {
  catch(_error: UnauthorizedException, host: ArgumentsHost): void {
    Session.flash('status', 'Please sign in first.');
    host.switchToHttp().getResponse<Response>().redirect(HttpStatus.SEE_OTHER, '/sign-in');
  }
}
