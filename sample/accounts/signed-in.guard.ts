import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import { Session } from 'nestjs-session-kit';

import { localPath } from '../forms/local-path.js';
import { AccountsService } from './accounts.service.js';

/**
 * Lets only signed-in visitors pass. Guards run before interceptors and handlers; the session is there already,
 * because the middleware of the session module ran first.
 */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(private readonly accounts: AccountsService) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.accounts.find(Session.get('userId'))) return true;

    const request = context.switchToHttp().getRequest<Request>();
    const path = localPath(request.originalUrl);
    // Only a page can be returned to. A form that was posted would come back as a page that does not exist.
    if (request.method === 'GET' && path) Session.put('returnTo', path);
    throw new UnauthorizedException();
  }
}
