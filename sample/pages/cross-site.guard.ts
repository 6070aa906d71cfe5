import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import type { Request } from 'express';

/** Methods that change nothing. Every change in this shop is a POST. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * The second protection against forged requests (CSRF). The first is the cookie itself: `SameSite=Lax` keeps it
 * out of forms that another site posts here. This guard also stops forgeries that need no cookie, such as
 * signing a visitor in under somebody else's account. Browsers send `Sec-Fetch-Site` on their own; other
 * clients do not.
 */
@Injectable()
export class CrossSiteGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const cameFrom = request.get('Sec-Fetch-Site') ?? 'none';
    if (SAFE_METHODS.includes(request.method) || cameFrom === 'same-origin' || cameFrom === 'none')
      return true;
    throw new ForbiddenException('This form was posted from another site, so nothing was changed.');
  }
}
