import type { ExecutionContext } from '@nestjs/common';
import { sessionOf } from '../http/session-of.js';
import type { RequestSession } from '../session/request-session.js';
import { sessionContext } from '../session/session.context.js';

/** The session of what is being executed, or undefined where there is none (an excluded route). */
export function currentSession(context: ExecutionContext): RequestSession | undefined {
  const type = context.getType<string>();
  if (type === 'http') return sessionOf(context.switchToHttp().getRequest());
  const session = type === 'graphql' ? graphqlSession(context) : undefined;
  return session ?? sessionContext.getStore();
}

/** A resolver is handed the request by its GraphQL context: Apollo calls it `req`, Mercurius has it behind `reply`. */
function graphqlSession(context: ExecutionContext): RequestSession | undefined {
  const given: unknown = context.getArgByIndex(2);
  if (!isObject(given)) return undefined;
  const { req, request, reply } = given;
  return sessionOf(req) ?? sessionOf(request) ?? sessionOf(isObject(reply) ? reply['request'] : undefined);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
