import type { Duplex } from 'node:stream';
import { propertyOf } from '../http/property-of.js';
import { isHandshake } from '../http/raw-http.js';
import { type AnyRequest, sessionOf } from '../http/session-of.js';
import type { RequestSession } from '../session/request-session.js';

/** What a resolver is called with, as far as it leads to a session. */
interface ResolverArguments {
  /** The GraphQL context. */
  readonly context: unknown;
  /** The same object for all resolvers of one execution (an operation, or one event of a subscription), and for no other. */
  readonly execution: object | null;
  /** GraphQLResolveInfo. */
  readonly info: unknown;
}

/** The HTTP request that a WebSocket began with. */
export interface Upgrade {
  readonly request: object;
  readonly socket: Duplex;
}

/**
 * Reads the arguments of a resolver: `(root, args, context, info)`, or without `args` where a reference or the type of an
 * interface is resolved.
 */
export function resolverArguments(args: readonly unknown[]): ResolverArguments {
  const at = isInfo(args[2]) ? 2 : 3;
  const variables = propertyOf(args[at], 'variableValues');
  return {
    context: args[at - 1],
    execution: typeof variables === 'object' ? variables : null,
    info: args[at],
  };
}

/** Whether a resolver is called for a subscription: when it begins, or for one of its events. @param info GraphQLResolveInfo */
export function isSubscription(info: unknown): boolean {
  return propertyOf(propertyOf(info, 'operation'), 'operation') === 'subscription';
}

/** Null where the operation has not come over a WebSocket. */
export function upgradeOf(context: unknown): Upgrade | null {
  const req = propertyOf(context, 'req');
  // graphql-ws has it in `extra`: of its own context, which Nest hands out as `req`, or of what an application makes of that.
  return (
    asUpgrade(req) ??
    asUpgrade(propertyOf(context, 'request')) ??
    asUpgrade(propertyOf(propertyOf(context, 'reply'), 'request')) ??
    asUpgrade(propertyOf(propertyOf(req, 'extra'), 'request')) ??
    asUpgrade(propertyOf(propertyOf(context, 'extra'), 'request'))
  );
}

/** The session of the HTTP request that an operation has come with: `req` is Apollo's name, Mercurius has it behind `reply`. */
export function httpSessionOf(context: unknown): RequestSession | undefined {
  return (
    sessionOfPart(context, 'req') ??
    sessionOfPart(context, 'request') ??
    sessionOfPart(propertyOf(context, 'reply'), 'request')
  );
}

function sessionOfPart(of: unknown, name: string): RequestSession | undefined {
  const request = propertyOf(of, name);
  return isRequest(request) ? sessionOf(request) : undefined;
}

function asUpgrade(candidate: unknown): Upgrade | null {
  const request = propertyOf(candidate, 'raw') ?? candidate;
  if (typeof request !== 'object' || request === null || !isHandshake(request)) return null;
  const socket = propertyOf(request, 'socket');
  return isDuplex(socket) ? { request, socket } : null;
}

function isInfo(value: unknown): boolean {
  return propertyOf(value, 'fieldNodes') !== undefined;
}

/** Any object may be one: what it keeps of its session is under symbols of ours. */
function isRequest(value: unknown): value is AnyRequest {
  return typeof value === 'object' && value !== null;
}

function isDuplex(value: unknown): value is Duplex {
  return typeof propertyOf(value, 'end') === 'function' && typeof propertyOf(value, 'once') === 'function';
}
