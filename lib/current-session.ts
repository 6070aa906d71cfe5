import type { ExecutionContext } from '@nestjs/common';
import { RequestSession } from './session/request-session.js';
import { sessionContext } from './session.context.js';

/** The session of what is being executed, or undefined where there is none (an excluded route). */
export function currentSession(context: ExecutionContext): RequestSession | undefined {
  const current = sessionContext.getStore();
  if (current !== undefined) return current;
  // Where somebody's callback lost the context, the request still knows.
  const request: unknown = context.switchToHttp().getRequest();
  if (typeof request !== 'object' || request === null || !('session' in request)) return undefined;
  return request.session instanceof RequestSession ? request.session : undefined;
}
