import {
  type Observable,
  type ObservableInput,
  type ObservableNotification,
  concatMap,
  dematerialize,
  filter,
  isObservable,
  materialize,
  merge,
  of,
} from 'rxjs';
import { StreamableFile } from '@nestjs/common';
import { hasFunctions } from '../../options/read-option.js';
import { SessionStoreError } from '../../session.errors.js';
import { SessionLimitError, SessionUnavailableException } from '../../session.exception.js';
import { FlashMessages } from '../../session/flash-messages.js';
import { RequestSession } from '../../session/request-session.js';
import type { SessionCommits } from '../../session/session-commits.js';
import { sessionContext } from '../../session/session.context.js';
import type { Method } from '../../http/bind-to-request.js';
import { withAnswer } from '../handler-methods.js';

type Step = ObservableNotification<unknown>;

/** A value that reaches no subscriber. When it arrives, pending changes are stored. */
const STORE_NOW = Symbol('store now');

/**
 * Emits each value of a handler only after the changes made before it are stored, and completes only after the
 * rest is stored. A failed commit becomes the error of the stream. If nothing is due, values pass without a
 * promise.
 *
 * @param answersItself whether the handler answers through its response object. The response gate then commits,
 * and answers if the commit fails; an exception filter could send a second answer beside the handler's. Default
 * false
 */
export function commitBefore(
  source: Observable<unknown>,
  session: SessionCommits,
  answersItself = false,
): Observable<unknown> {
  return source.pipe(
    // As notifications, so that completion and errors also queue behind values that wait for a commit.
    materialize(),
    concatMap((step) => stored(step, session, answersItself)),
    dematerialize(),
  );
}

/**
 * Like `commitBefore`, but also stores pending changes on subscription: a handler is done when it returns its
 * stream, and the first value may take long.
 */
export function commitAtOnce(source: Observable<unknown>, session: SessionCommits): Observable<unknown> {
  return commitBefore(merge(source, of(STORE_NOW)), session).pipe(filter((value) => value !== STORE_NOW));
}

/**
 * Wraps a handler so that a stream it returns commits by itself. For cases where an interceptor would commit
 * too late or too early.
 */
export function withCommits(handler: Method, commit: typeof commitBefore | typeof commitAtOnce): Method {
  return withAnswer(handler, (answer) => {
    const session = sessionContext.getStore();
    return session !== undefined && isObservable(answer) ? commit(answer, session) : answer;
  });
}

/** Emits a step of a handler's stream once the changes made before it are stored. */
function stored(step: Step, session: SessionCommits, answersItself: boolean): ObservableInput<Step> {
  // The response gate commits changes made before an error, after the filters have answered.
  if (step.kind === 'E') return [{ kind: 'E', error: asUnavailable(step.error, session) }];
  // Once the response is over, the gate no longer commits.
  const isForGate = answersItself && !session.host.isOver;
  const pending = isForGate ? undefined : session.commitDue();
  if (pending === undefined) return [asSent(step)];
  return pending.then(
    () => asSent(step),
    (error: unknown) => {
      if (step.kind === 'N') discardValue(step.value);
      throw asRefusal(error, session);
    },
  );
}

/** Closes a value that nobody will read: an open stream would hold its file or connection. */
function discardValue(value: unknown): void {
  const stream: unknown = value instanceof StreamableFile ? value.getStream() : value;
  if (isStream(stream)) stream.destroy();
}

function isStream(value: unknown): value is { destroy(): unknown } {
  return hasFunctions(value, 'pipe', 'destroy');
}

function asSent(step: Step): Step {
  return step.kind === 'N' ? { kind: 'N', value: asAnswer(step.value) } : step;
}

/**
 * The plain form of a session or its messages. JSON would call `toJSON` itself, but interceptors that convert
 * instances to plain objects read properties, and these objects have none. (For values nested deeper, see
 * `registerTransforms`.)
 */
export function asAnswer(value: unknown): unknown {
  return value instanceof RequestSession || value instanceof FlashMessages ? value.toJSON() : value;
}

/**
 * The error that exception filters answer with when a handler's own `commit` or `start` failed because of the
 * store. The store's guard has logged the failure once; any other error Nest would log again for every request.
 * Pending changes are not retried: the filter's answer would wait for that, and then be replaced by another
 * 503.
 */
function asUnavailable(error: unknown, session: SessionCommits): unknown {
  if (!(error instanceof SessionStoreError)) return error;
  if (session.due) session.abandon();
  session.keepUncached();
  return new SessionUnavailableException(error);
}

/**
 * The error that exception filters answer with when a commit failed. The session is abandoned, so it is not
 * committed again.
 */
function asRefusal(error: unknown, session: SessionCommits): unknown {
  // The session is unchanged and stays usable.
  if (error instanceof SessionLimitError) return error;
  session.abandon();
  session.keepUncached();
  // Filters that answer with a 503 do not log.
  session.host.commitFailed?.(error);
  return new SessionUnavailableException(error);
}
