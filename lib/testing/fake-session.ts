import { withoutText } from '../options/read-option.js';
import { NEVER_FLASHED } from '../options/never-flashed.js';
import { SessionValueError } from '../session.errors.js';
import { fieldName } from '../session/form-input.js';
import { showInLogs } from '../session/show-in-logs.js';
import { RequestSession } from '../session/request-session.js';
import type { SessionData } from '../session/session-data.js';
import type { Readable } from '../session/session-keys.js';
import { joined, overlaid } from '../state/flash-layers.js';
import { type Values, cloneValue, isPlainValues } from '../state/values.js';
import { DetachedSessions } from './detached-sessions.js';
import { type FlashedBefore, messagesOf } from './flashed-before.js';
import { TestHost } from './test-host.js';
import type { RecordedLifecycle } from './recorded-lifecycle.js';

/** What a fake session begins with besides its values. */
export interface FakeSessionOptions extends FlashedBefore {
  /** The body of the request, for `flashAll` and its like. Default none. */
  readonly body?: unknown;
  /** The option of that name. Default 'userId'. */
  readonly userKey?: string;
}

/** What was done to a fake session so far. */
export interface SessionDeeds {
  /** The values that it has now, without flash messages. A copy. */
  readonly values: Values;
  /** The flash messages, and the fields of a form, that the next request will find. A copy. */
  readonly flashed: Values;
  /** Who has signed in (`signIn`), as text; null: nobody has. */
  readonly signedIn: string | null;
  /** Whether somebody was signed in, and is not any more (`signOut`, `invalidate`, `destroy`). */
  readonly signedOut: boolean;
  /** Whether it got a new id (`regenerate`, `signIn`, `signOut`, `invalidate`). */
  readonly regenerated: boolean;
  /** Whether it was destroyed (`destroy`, `forget()`). */
  readonly destroyed: boolean;
}

const neverFlashed = new Set(NEVER_FLASHED.map(fieldName));

/**
 * A session of the package as a request has it, without a request: made by `fakeSession`.
 *
 * @typeParam T the declared keys: the global `SessionData`, or a type of your own
 *
 * @example
 * const session = fakeSession({ cart: [] });
 * session.push('cart', 'tea');
 * expect(session.did.values).toEqual({ cart: ['tea'] });
 */
export class FakeSession<T extends object = SessionData> extends RequestSession<T> {
  static {
    showInLogs(this.prototype, ({ did }) => did);
  }

  /**
   * What was done to it so far. Asking changes nothing. By it two fake sessions are compared (`toEqual`), and shown where a test fails.
   *
   * @example
   * expect(session.did).toMatchObject({ signedIn: 'ada', flashed: { status: 'Welcome.' } });
   */
  declare readonly did: SessionDeeds;

  /** Made by `fakeSession()`. */
  constructor(host: TestHost<RecordedLifecycle>) {
    // A property of its own: test runners look at nothing else.
    super(host, { did: { enumerable: true, get: () => deedsOf(host.life) } });
  }
}

function deedsOf(life: RecordedLifecycle): SessionDeeds {
  const { flash, readonlyValues: shown } = life.state;
  return {
    values: cloneValue({ ...shown }),
    flashed: cloneValue(overlaid(joined(flash.batchesFor(Infinity)))),
    signedIn: life.signedIn,
    signedOut: life.hasSignedOut,
    regenerated: life.hasRegenerated,
    destroyed: life.hasDestroyed,
  };
}

/**
 * A session for a unit test of a controller or of whatever is handed one. It does all that a session does, in this process and
 * for this test alone; what became of it, `session.did` tells.
 *
 * @typeParam T the declared keys: the global `SessionData`, or a type of your own
 * @param values that it holds, names taken literally; a user under `userKey` is signed in, since now. Default: a new session
 * @param options `flash`, `errors`, `old`: what the request before has left; `body`; `userKey`
 * @throws SessionValueError where a value cannot be stored, or these are no objects
 * @example
 * const session = fakeSession({ cart: ['tea'] }, { flash: { status: 'Saved.' } });
 * expect(controller.show(session)).toEqual({ cart: ['tea'], status: 'Saved.' });
 * controller.remove(session, 'tea');
 * expect(session.did).toMatchObject({ values: { cart: [] }, flashed: { status: 'Taken out.' } });
 */
export function fakeSession<T extends object = SessionData>(
  values?: NoInfer<Readable<T>>,
  options: FakeSessionOptions = {},
): FakeSession<T> {
  assertGiven(values, options);
  const { body, userKey = 'userId', ...before } = options;
  const sessions = new DetachedSessions(userKey);
  const life = sessions.request({ values: values ?? {}, flash: messagesOf(before) });
  const host = new TestHost(life, {
    cookieAttributes: sessions.settings.cookie.attributes,
    body,
    isNeverFlashed: (field) => neverFlashed.has(fieldName(field)),
  });
  return new FakeSession<T>(host);
}

function assertGiven(values: unknown, options: unknown): void {
  if ((values === undefined || isPlainValues(values)) && isPlainValues(options)) return;
  throw new SessionValueError(
    `fakeSession got ${withoutText(values)} and ${withoutText(options)}; it takes an object of values, and { flash, errors, old, body, userKey }.`,
  );
}
