import { sessionContext } from '../session.context.js';
import type { RequestSession } from '../session/request-session.js';

/**
 * What templates see without being handed it: `session` (read-only), `flashMessages` and `old(key)`, of the request
 * that is being rendered; undefined outside one.
 *
 * Plain objects with functions of their own, because template engines (Handlebars) refuse what comes from a prototype.
 */
export const templateLocals: Readonly<Record<'session' | 'flashMessages' | 'old', () => unknown>> = {
  session: () => ofCurrent(sessionView),
  flashMessages: () => ofCurrent(flashView),
  old: () =>
    ofCurrent((session) => (key: unknown, fallback?: unknown) => session.old(String(key), plain(fallback))),
};

function ofCurrent(view: (session: RequestSession) => unknown): unknown {
  const session = sessionContext.getStore();
  return session === undefined ? undefined : view(session);
}

function sessionView(session: RequestSession): object {
  return {
    get: (key: unknown, fallback?: unknown) =>
      isNoKey(key) ? session.all() : session.get(String(key), plain(fallback)),
    all: () => session.all(),
    has: (key: unknown) => session.has(String(key)),
    exists: (key: unknown) => session.exists(String(key)),
    missing: (key: unknown) => session.missing(String(key)),
    old: (key: unknown, fallback?: unknown) => session.old(String(key), plain(fallback)),
    flashMessages: flashView(session),
    isEmpty: session.isEmpty,
    fresh: session.fresh,
    createdAt: session.createdAt,
    expiresAt: session.expiresAt,
  };
}

function flashView({ flashMessages }: RequestSession): object {
  return {
    get: (key: unknown, fallback?: unknown) => flashMessages.get(String(key), plain(fallback)),
    has: (key: unknown) => flashMessages.has(String(key)),
    all: () => flashMessages.all(),
    isEmpty: flashMessages.isEmpty,
  };
}

/** Handlebars passes an object of its own behind the arguments: it is no default. */
function plain(fallback: unknown): unknown {
  return isHelperOptions(fallback) ? undefined : fallback;
}

function isNoKey(key: unknown): boolean {
  return key === undefined || isHelperOptions(key);
}

function isHelperOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'hash' in value && 'data' in value && 'loc' in value;
}
