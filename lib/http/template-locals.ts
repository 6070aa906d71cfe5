import { FlashMessages } from '../session/flash-messages.js';
import type { RequestSession } from '../session/request-session.js';
import { cloneValue } from '../state/clone-value.js';

/**
 * What templates see without being passed it: `session` (read-only), `flashMessages`, `old(key)`,
 * `errors(field)` and `hasErrors`, of the current request. Empty if the request has no session (an excluded
 * route, the error page while the store is down), so that a layout shared by all pages works on each.
 *
 * Values and messages are copies: those of the session may be mutated in place, and a template that sorts a
 * list to show it must not store it.
 *
 * Plain objects with own functions, because template engines (Handlebars) refuse members of a prototype.
 */
const TEMPLATE_LOCALS: Readonly<Record<string, (session: RequestSession | undefined) => unknown>> = {
  session: sessionView,
  flashMessages: (session) => flashView(messagesOf(session)),
  old: (session) => oldOf(messagesOf(session)),
  errors: (session) => errorsOf(messagesOf(session)),
  hasErrors: (session) => messagesOf(session).hasErrors,
};

/**
 * Adds the template locals to a response, as accessors: each is created when a template reads it.
 *
 * @param locals the response's locals; existing ones stay
 * @param shared the application's locals, which take precedence too
 * @param sessionOf returns the session of the response's request
 */
export function addTemplateLocals(
  locals: object,
  shared: object,
  sessionOf: () => RequestSession | undefined,
): void {
  for (const [name, make] of Object.entries(TEMPLATE_LOCALS)) {
    if (Object.hasOwn(locals, name) || Object.hasOwn(shared, name)) continue;
    const get = (): unknown => {
      const session = sessionOf();
      return make(session?.initiated === true ? session : undefined);
    };
    Object.defineProperty(locals, name, { enumerable: true, configurable: true, get });
  }
}

/** Used without a session: every key yields the default. */
const noMessages = new FlashMessages({});

function messagesOf(session: RequestSession | undefined): FlashMessages {
  return session?.flashMessages ?? noMessages;
}

function sessionView(session: RequestSession | undefined): object {
  const all = (): unknown => cloneValue(session?.all() ?? {});
  const ask =
    (question: 'has' | 'hasAny' | 'exists' | 'missing') =>
    (...keys: unknown[]): boolean =>
      session?.[question](...keysOf(keys)) ?? question === 'missing';
  const pick =
    (which: 'only' | 'except') =>
    (...keys: unknown[]): unknown =>
      cloneValue(session?.[which](...keysOf(keys)) ?? {});
  return {
    get: (key: unknown, fallback?: unknown) => {
      if (isNoKey(key)) return all();
      const [name, otherwise] = [String(key), plain(fallback)];
      return cloneValue(
        session === undefined ? noMessages.get(name, otherwise) : session.get(name, otherwise),
      );
    },
    all,
    only: pick('only'),
    except: pick('except'),
    has: ask('has'),
    hasAny: ask('hasAny'),
    exists: ask('exists'),
    missing: ask('missing'),
    old: oldOf(messagesOf(session)),
    flashMessages: flashView(messagesOf(session)),
    isEmpty: session?.isEmpty ?? true,
    fresh: session?.fresh ?? true,
    stored: session?.stored ?? false,
    createdAt: session?.createdAt,
    expiresAt: session?.expiresAt,
    duration: session?.duration,
    userId: session?.userId ?? null,
    signedInAt: session?.signedInAt ?? null,
    // Derived from the id, which few templates need.
    get handle() {
      return session?.handle;
    },
  };
}

function flashView(messages: FlashMessages): object {
  return {
    get: (key: unknown, fallback?: unknown) => cloneValue(messages.get(String(key), plain(fallback))),
    has: (...keys: unknown[]) => messages.has(...keysOf(keys)),
    all: () => cloneValue(messages.all()),
    old: oldOf(messages),
    errors: errorsOf(messages),
    hasErrors: messages.hasErrors,
    isEmpty: messages.isEmpty,
  };
}

function oldOf(messages: FlashMessages): (key: unknown, fallback?: unknown) => unknown {
  return (key, fallback) => cloneValue(messages.old(String(key), plain(fallback)));
}

function errorsOf(messages: FlashMessages): (field?: unknown) => unknown {
  return (field) => (isNoKey(field) ? messages.errors() : messages.errors(String(field)));
}

/** The keys that a template passed: one, several, or arrays of them. */
function keysOf([first, ...more]: readonly unknown[]): [string | string[], ...(string | string[])[]] {
  return [keyOf(first), ...more.filter((key) => !isHelperOptions(key)).map(keyOf)];
}

function keyOf(key: unknown): string | string[] {
  return Array.isArray(key) ? key.map(String) : String(key);
}

/** Handlebars appends an options object to the arguments: it is no default. */
function plain(fallback: unknown): unknown {
  return isHelperOptions(fallback) ? undefined : fallback;
}

function isNoKey(key: unknown): boolean {
  return key === undefined || isHelperOptions(key);
}

function isHelperOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'hash' in value && 'data' in value && 'loc' in value;
}
