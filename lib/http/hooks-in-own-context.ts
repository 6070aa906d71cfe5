import type { HttpSessions } from './http-sessions.js';
import type { RawRequest } from './raw-http.js';

/** What Fastify calls for a request, handed it first: a hook, or a handler. */
export type Hook = (this: unknown, request: { readonly raw: RawRequest }, ...rest: unknown[]) => unknown;

/** The members of a Fastify instance that are needed. */
export interface HookedFastify {
  addHook: (name: string, hook: unknown) => unknown;
}

/** The hooks that run for a request, each handed the request first. Those of routes have the same names. */
export const REQUEST_HOOKS = [
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'preSerialization',
  'onSend',
  'onResponse',
  'onError',
  'onTimeout',
  'onRequestAbort',
];

const kept = new WeakMap<HookedFastify, HookedFastify['addHook']>();

/**
 * Lets the hooks that are added from now on run in the context of their own request: one before them may go on in a
 * callback that belongs to another. Plugins add theirs to what inherits from the instance.
 *
 * @returns adds a hook as it is
 */
export function keepContextOfHooks(fastify: HookedFastify, sessions: HttpSessions): HookedFastify['addHook'] {
  const before = kept.get(fastify);
  if (before !== undefined) return before;
  const { addHook } = fastify;
  kept.set(fastify, addHook.bind(fastify));
  fastify.addHook = function addHookInOwnContext(name, hook) {
    return addHook.call(this, name, REQUEST_HOOKS.includes(name) ? hookInOwnContext(sessions, hook) : hook);
  };
  return addHook.bind(fastify);
}

/** A function of either kind, in the context of the request that it is called for. */
export function callInOwnContext(sessions: HttpSessions, called: Hook): Hook {
  return function inOwn(request, ...rest) {
    if (sessions.isEntered(request.raw)) return called.call(this, request, ...rest);
    return sessions.enter(request.raw, () => called.call(this, request, ...rest));
  };
}

/** A hook, or several, in the context of the request that they are called for. */
export function hookInOwnContext(sessions: HttpSessions, hook: unknown): unknown {
  if (Array.isArray(hook)) return hook.map((each) => hookInOwnContext(sessions, each));
  if (!isHook(hook)) return hook;
  const call = callInOwnContext(sessions, hook);
  // Fastify refuses async hooks that take a callback: it looks at the kind of function and at its parameters.
  const wrapped: Hook = isAsync(hook)
    ? async function (...args) {
        return call.apply(this, args);
      }
    : call;
  return Object.defineProperties(wrapped, { name: { value: hook.name }, length: { value: hook.length } });
}

export function isHook(value: unknown): value is Hook {
  return typeof value === 'function';
}

function isAsync(hook: Hook): boolean {
  return hook.constructor.name === 'AsyncFunction';
}
