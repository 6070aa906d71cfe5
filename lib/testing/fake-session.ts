import { withoutText } from '../options/read-option.js';
import { NEVER_FLASHED } from '../options/never-flashed.js';
import { SessionValueError } from '../session.errors.js';
import { fieldName } from '../session/form-input.js';
import { showInLogs } from '../session/show-in-logs.js';
import { HostedSession } from '../session/hosted-session.js';
import { RequestSession } from '../session/request-session.js';
import type { SessionData } from '../session/session-data.js';
import type { Readable } from '../session/session-keys.js';
import { joined, overlaid } from '../state/flash-layers.js';
import { cloneValue } from '../state/clone-value.js';
import { type Values, isPlainValues } from '../state/values.js';
import { type RecordedLifecycle, detachedRequest } from './detached-request.js';
import { type FlashedBefore, assertBefore, messagesOf } from './flashed-before.js';
import { TestHost } from './test-host.js';

/**
 * What a fake session starts with besides its values.
 *
 * @example
 * const options: FakeSessionOptions = { flash: { status: 'Saved.' }, body: { email: 'ann@example.com' } };
 * const session = fakeSession({}, options);
 */
export interface FakeSessionOptions extends FlashedBefore {
  /** The body of the request, for `flashAll` and the like. Default none. */
  readonly body?: unknown;
  /** The option of that name. Default 'userId'. */
  readonly userKey?: string;
}

/**
 * What has been done to a fake session so far.
 *
 * @example
 * const { values, signedIn }: SessionDeeds = session.did;
 */
export interface SessionDeeds {
  /** Its current values, without flash messages. A copy. */
  readonly values: Values;
  /** The flash messages and form fields that the next request will find. A copy. */
  readonly flashed: Values;
  /** The user who signed in (`signIn`), as text; null if nobody did. */
  readonly signedIn: string | null;
  /** Whether somebody was signed in and no longer is (`signOut`, `invalidate`, `destroy`). */
  readonly signedOut: boolean;
  /** Whether it got a new id (`regenerate`, `signIn`, `signOut`, `invalidate`). */
  readonly regenerated: boolean;
  /** Whether it was destroyed (`destroy`, `forget()`). */
  readonly destroyed: boolean;
}

const neverFlashed = new Set(NEVER_FLASHED.map(fieldName));

/**
 * A session of the package as a request has it, but without a request. Created by `fakeSession`.
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
   * What has been done to it so far. Reading it changes nothing. It is what `toEqual` compares of two fake
   * sessions, and what a failing test shows.
   *
   * @example
   * expect(session.did).toMatchObject({ signedIn: 'ada', flashed: { status: 'Welcome.' } });
   */
  declare readonly did: SessionDeeds;

  /** Created by `fakeSession()`. */
  constructor(host: TestHost<RecordedLifecycle>) {
    const hosted = new HostedSession(host);
    super(hosted, true);
    // An own property, because test runners look at nothing else.
    Object.defineProperty(this, 'did', { enumerable: true, get: () => deedsOf(host.life) });
    hosted.session = this;
    // Its lifecycle is not new but holds a session: `isEmpty` and the like must not wait for the first read.
    void hosted.lifecycle;
  }

  /** The session as the package has it. @internal */
  static hostedOf({ hosted }: FakeSession): HostedSession {
    return hosted;
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
 * A session for a unit test of a controller, or of anything that takes a session. It does all that a session
 * does, in this process and for this test only; `session.did` tells what was done to it.
 *
 * @typeParam T the declared keys: the global `SessionData`, or a type of your own
 * @param values of the session, names taken literally; a user under `userKey` is signed in as of now. Default:
 * a new session
 * @param options `flash`, `errors`, `old`: what the previous request has left; `body`; `userKey`
 * @throws SessionValueError if a value cannot be stored, or an argument is not what it takes
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
  const found = { values: values ?? {}, flash: messagesOf(before) };
  const { life, settings } = detachedRequest(userKey, found);
  const host = new TestHost(life, {
    cookieAttributes: settings.cookie.attributes,
    body,
    isNeverFlashed: (field) => neverFlashed.has(fieldName(field)),
  });
  return new FakeSession<T>(host);
}

function assertGiven(values: unknown, options: unknown): void {
  if ((values === undefined || isPlainValues(values)) && isPlainValues(options))
    return assertBefore('fakeSession', options);
  throw new SessionValueError(
    `fakeSession got ${withoutText(values)} and ${withoutText(options)}; it takes an object of values, and { flash, errors, old, body, userKey }.`,
  );
}
