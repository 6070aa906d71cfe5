import { type RegisteringFastify, replaceUse } from './fastify-binding.js';
import type { HttpSessions } from '../http-sessions.js';
import { type Done, type Method, declareBound } from '../bind-to-request.js';
import { requestProperties } from '../request-properties.js';
import type { PlatformRequest, RawRequest, RawResponse } from '../raw-http.js';
import { addTemplateLocals } from '../template-locals.js';

interface FastifyRequestLike extends PlatformRequest {
  readonly raw: RawRequest;
}

interface FastifyReplyLike {
  readonly raw: RawResponse;
  /** The locals that @fastify/view merges into each template's data; absent without it. */
  readonly locals?: object | null;
}

/**
 * The members of a Fastify instance that are used here. Not a type of Fastify, so that Fastify can stay an
 * optional peer.
 */
interface FastifyLike extends RegisteringFastify {
  hasRequestDecorator(name: string): boolean;
  decorateRequest: Method;
}

/**
 * Opens a session for each request of a Fastify instance, and adds the session members to its requests and
 * templates.
 */
export function openOnFastify(fastify: FastifyLike, sessions: HttpSessions): void {
  openBeforeMiddleware(fastify, sessions);
  addOwnHook(fastify, 'onRequest', (request, reply, done) => {
    sessions.open(request.raw, reply.raw, request, done);
  });
  addOwnHook(fastify, 'preValidation', (request, reply, done) => {
    if (typeof reply.locals === 'object' && reply.locals !== null) {
      addTemplateLocals(reply.locals, {}, () => sessions.of(request.raw)?.session);
    }
    done();
  });
  decorateRequests(fastify, sessions);
}

function decorateRequests(fastify: FastifyLike, sessions: HttpSessions): void {
  // Decorators of another library stay: two session libraries are registered on purpose.
  const properties = requestProperties((request: FastifyRequestLike) => sessions.of(request.raw));
  const own = Object.entries(properties).filter(([name]) => !fastify.hasRequestDecorator(name));
  if (fastify.hasRequestDecorator('session')) sessions.warnOfOtherPlugin();
  /**
   * The `flash` of @fastify/flash, which @fastify/passport registers. It needs the session, so it comes
   * later.
   */
  let replacement: unknown;
  for (const [name, accessor] of own) {
    fastify.decorateRequest(name, {
      getter(this: FastifyRequestLike): unknown {
        return name === 'flash' && replacement !== undefined ? replacement : accessor.get.call(this);
      },
      setter(this: FastifyRequestLike, value: unknown) {
        accessor.set.call(this, value);
      },
    });
  }
  if (!own.some(([name]) => name === 'flash')) return;
  const { decorateRequest } = fastify;
  fastify.decorateRequest = function decorateReplacing(name, value, ...rest) {
    // In a scope of its own, a plugin adds it to the requests of that scope alone.
    const isOfAll = this === fastify && name === 'flash';
    if (!isOfAll || typeof value !== 'function' || replacement !== undefined) {
      return decorateRequest.call(this, name, value, ...rest);
    }
    replacement = value;
    return this;
  };
}

/** Adds a hook that enters the context by itself, and so is not bound. */
function addOwnHook(
  fastify: FastifyLike,
  name: string,
  hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => void,
): void {
  fastify.addHook(name, declareBound(hook));
}

/**
 * Opens the session before any middleware. Nest passes middleware to `use`, which runs in a hook before ours.
 * Ours has to be first, but is added only if there is any: running middleware costs more than the session
 * itself.
 */
function openBeforeMiddleware(fastify: FastifyLike, sessions: HttpSessions): void {
  const opening = declareBound((req: RawRequest, res: RawResponse, next: Done) => {
    sessions.open(req, res, null, next);
  });
  replaceUse(fastify, (use): Method => {
    let first = true;
    return function useAfterSession(...args) {
      if (first) use.call(this, opening);
      first = false;
      return use.apply(this, args);
    };
  });
}

/**
 * Whether an HTTP adapter wraps a Fastify instance. Recognized by its members, since there may be several
 * copies of Fastify.
 */
export function isFastify(instance: unknown): instance is FastifyLike {
  return typeof instance === 'object' && instance !== null && 'decorateRequest' in instance;
}
