import type { ExecutionContext } from '@nestjs/common';
import { type AnyRequest, sessionOf } from '../http/session-of.js';
import { DetachedHost } from '../session/detached-host.js';
import type { RequestSession } from '../session/request-session.js';
import { NoSessionError } from '../session.errors.js';
import { sessionContext } from '../session/session.context.js';

/** What resolvers are handed: Apollo calls the request `req`, Mercurius has it behind `reply`. */
interface GraphqlContext {
  readonly req?: AnyRequest;
  readonly request?: AnyRequest;
  readonly reply?: { readonly request?: AnyRequest };
}

/** The session of what is being executed, or undefined where there is none (an excluded route). */
export function currentSession(context: ExecutionContext): RequestSession | undefined {
  const type = context.getType<string>();
  if (type === 'http') return sessionOf(context.switchToHttp().getRequest<AnyRequest | undefined>());
  if (type === 'rpc') return jobSession();
  const session =
    type === 'graphql' ? graphqlSession(context.getArgByIndex<GraphqlContext | undefined>(2)) : undefined;
  return session ?? sessionContext.getStore();
}

/**
 * A message of a microservice is no visitor's, in whatever context it came in: the connection may have been opened in a
 * visitor's request. A session it has only where the application runs the handler in one (`SessionManager.run`).
 */
function jobSession(): RequestSession | undefined {
  const session = sessionContext.getStore();
  return session?.host instanceof DetachedHost && !session.host.ended ? session : undefined;
}

function graphqlSession(context: GraphqlContext | undefined): RequestSession | undefined {
  return sessionOf(context?.req) ?? sessionOf(context?.request) ?? sessionOf(context?.reply?.request);
}

/**
 * The session of what is being executed.
 *
 * @throws NoSessionError where there is none
 */
export function requiredSession(context: ExecutionContext): RequestSession {
  return currentSession(context) ?? noSession(context);
}

function noSession(context: ExecutionContext): never {
  throw new NoSessionError(
    `${context.getClass().name}.${context.getHandler().name} asks for a session, and there is none. ${reasonFor(context.getType())}`,
  );
}

function reasonFor(type: string): string {
  if (type === 'rpc') {
    return (
      "It handles messages of a microservice ('rpc'), which come from no visitor. Where a message says for whom it is, give " +
      'SessionManager.run(id, ...) the session that it names.'
    );
  }
  const where = type === 'ws' ? 'namespace (socket.io) or path (ws)' : 'route';
  return `Is SessionModule imported, and is the ${where} not named by its option 'exclude'?`;
}
