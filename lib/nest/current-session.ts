import type { ExecutionContext } from '@nestjs/common';
import { httpSessionOf, resolverArguments, upgradeOf } from '../graphql/resolver-arguments.js';
import { type AnyRequest, sessionOf } from '../http/http-sessions.js';
import { DetachedHost } from '../session/detached-host.js';
import type { HostedSession } from '../session/hosted-session.js';
import { NoSessionError } from '../session.errors.js';
import { sessionContext } from '../session/session.context.js';

/** The session of an execution context, or undefined if there is none (an excluded route). */
export function currentSession(context: ExecutionContext): HostedSession | undefined {
  const type = context.getType<string>();
  if (type === 'http') return sessionOf(context.switchToHttp().getRequest<AnyRequest | undefined>());
  if (type === 'rpc') return detachedSession();
  if (type === 'graphql') return resolverSession(context.getArgs());
  return sessionContext.getStore();
}

/**
 * A microservice message belongs to no visitor, whatever context it arrives in: its connection may have been
 * opened during a visitor's request. It has a session only if the application runs the handler in one
 * (`SessionManager.run`).
 */
function detachedSession(): HostedSession | undefined {
  const hosted = sessionContext.getStore();
  return hosted?.host instanceof DetachedHost && !hosted.host.isOver ? hosted : undefined;
}

/**
 * A request that became a WebSocket has the session of its handshake. Each GraphQL operation on it has its own
 * session, in whose context its resolvers run.
 */
function resolverSession(args: readonly unknown[]): HostedSession | undefined {
  const { context } = resolverArguments(args);
  if (upgradeOf(context) === null) return httpSessionOf(context) ?? sessionContext.getStore();
  return detachedSession();
}

/**
 * The session of an execution context.
 *
 * @throws NoSessionError if there is none
 */
export function requiredSession(context: ExecutionContext): HostedSession {
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
  if (type === 'graphql') {
    return (
      "Is SessionModule imported, and is the path of GraphQL not named by its option 'exclude'? In a subscription the session is " +
      "that of the WebSocket's handshake, which is looked for in the GraphQL context: where the option `context` is a function of your " +
      'own, have it return no `req`, or the request (Apollo: `({ req, extra }) => ({ req: req ?? extra.request })`).'
    );
  }
  const where = type === 'ws' ? 'namespace (socket.io) or path (ws)' : 'route';
  return `Is SessionModule imported, and is the ${where} not named by its option 'exclude'?`;
}
