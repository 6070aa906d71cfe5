import type { Duplex } from 'node:stream';
import { propertyOf } from '../state/property-of.js';
import { isHandshake } from '../http/raw-http.js';
import { type AnyRequest, sessionOf } from '../http/http-sessions.js';
import type { HostedSession } from '../session/hosted-session.js';

/** The arguments of a resolver that lead to a session. */
interface ResolverArguments {
  /** The GraphQL context. */
  readonly context: unknown;
  /**
   * One object shared by all resolvers of one execution (an operation, or one event of a subscription), and
   * by no others.
   */
  readonly execution: object;
  /** GraphQLResolveInfo. */
  readonly info: unknown;
}

/** The HTTP request that started a WebSocket. */
export interface Upgrade {
  readonly request: object;
  readonly socket: Duplex;
}

/**
 * Reads the arguments of a resolver: `(root, args, context, info)`, or without `args` for resolvers of a
 * reference or of an interface's type.
 */
export function resolverArguments(args: readonly unknown[]): ResolverArguments {
  const at = isInfo(args[2]) ? 2 : 3;
  const variables = propertyOf(args[at], 'variableValues');
  return {
    context: args[at - 1],
    execution: typeof variables === 'object' && variables !== null ? variables : {},
    info: args[at],
  };
}

/**
 * Whether a resolver is called for a subscription: for its start, or for one of its events.
 *
 * @param info GraphQLResolveInfo
 */
export function isSubscription(info: unknown): boolean {
  return propertyOf(propertyOf(info, 'operation'), 'operation') === 'subscription';
}

/** The upgrade request of an operation's WebSocket; null if the operation did not come over one. */
export function upgradeOf(context: unknown): Upgrade | null {
  for (const each of requestsIn(context)) {
    const request = propertyOf(each, 'raw') ?? each;
    const socket = propertyOf(request, 'socket');
    if (isRequest(request) && isHandshake(request) && isDuplex(socket)) return { request, socket };
  }
  return null;
}

/** The session of an operation's HTTP request. */
export function httpSessionOf(context: unknown): HostedSession | undefined {
  for (const each of requestsIn(context)) {
    const hosted = isRequest(each) ? sessionOf(each) : undefined;
    if (hosted !== undefined) return hosted;
  }
  return undefined;
}

/**
 * What may be the request in a GraphQL context. Apollo names it `req`, and Mercurius keeps it in `reply`.
 * graphql-ws keeps it in `extra`: of its own context, which Nest passes as `req`, or of the context that an
 * application derives from it.
 */
function requestsIn(context: unknown): readonly unknown[] {
  const req = propertyOf(context, 'req');
  return [
    req,
    propertyOf(context, 'request'),
    propertyOf(propertyOf(context, 'reply'), 'request'),
    propertyOf(propertyOf(req, 'extra'), 'request'),
    propertyOf(propertyOf(context, 'extra'), 'request'),
  ];
}

function isInfo(value: unknown): boolean {
  return propertyOf(value, 'fieldNodes') !== undefined;
}

/** Any object may be a request: its session is stored under our own symbols. */
function isRequest(value: unknown): value is AnyRequest & { readonly upgrade?: unknown } {
  return typeof value === 'object' && value !== null;
}

function isDuplex(value: unknown): value is Duplex {
  return typeof propertyOf(value, 'end') === 'function' && typeof propertyOf(value, 'once') === 'function';
}
