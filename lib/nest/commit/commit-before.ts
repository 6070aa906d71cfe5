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
import { discardValue } from './discard-value.js';
import { SessionStoreError } from '../../session.errors.js';
import { SessionLimitError, SessionUnavailableException } from '../../session.exception.js';
import { FlashMessages } from '../../session/flash-messages.js';
import { RequestSession } from '../../session/request-session.js';
import type { SessionCommits } from '../../session/session-commits.js';
import { sessionContext } from '../../session/session.context.js';
import { type Method, withAnswer } from '../handler-methods.js';

type Step = ObservableNotification<unknown>;

/** A value that is passed to nobody: what is due when it comes is stored. */
const STORE_NOW = Symbol('store now');

/**
 * Lets each value of a handler through only after what was changed before it is stored, and completes only after the
 * rest is. A failed commit becomes the error of the stream. While nothing is due, values pass without a promise.
 *
 * @param answersItself whether the handler answers by its response object: then the response gate commits, and answers where that
 * fails. An exception filter would answer beside the handler, which may be about to. Default false
 */
export function commitBefore(
  source: Observable<unknown>,
  session: SessionCommits,
  answersItself = false,
): Observable<unknown> {
  return source.pipe(
    // As notifications: completion and errors wait in line, too, behind values that wait for a commit.
    materialize(),
    concatMap((step) => stored(step, session, answersItself)),
    dematerialize(),
  );
}

/**
 * The same, and what was changed by then is stored as soon as somebody listens: a handler is through when it returns its stream,
 * and the first value may be long in coming.
 */
export function commitAtOnce(source: Observable<unknown>, session: SessionCommits): Observable<unknown> {
  return commitBefore(merge(source, of(STORE_NOW)), session).pipe(filter((value) => value !== STORE_NOW));
}

/** A handler whose stream, where it returns one, commits by itself: where an interceptor would come too late, or too early. */
export function withCommits(handler: Method, commit: typeof commitBefore | typeof commitAtOnce): Method {
  return withAnswer(handler, (answer) => {
    const session = sessionContext.getStore();
    return session !== undefined && isObservable(answer) ? commit(answer, session) : answer;
  });
}

/** A step of a handler's stream, as soon as what was changed before it is stored. */
function stored(step: Step, session: SessionCommits, answersItself: boolean): ObservableInput<Step> {
  // What was changed before an error is committed by the response gate, after the filters have answered.
  if (step.kind === 'E') return [{ kind: 'E', error: asUnavailable(step.error, session) }];
  // Once the response is over, no gate commits any more.
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

function asSent(step: Step): Step {
  return step.kind === 'N' ? { kind: 'N', value: asAnswer(step.value) } : step;
}

/**
 * A session, or its messages, as what they are when they are sent. JSON would ask them itself; interceptors that make plain
 * objects of instances look for properties, and they have none. (What stands deeper in a value, ClassSerializerInterceptor
 * has to find by itself: `registerTransforms`.)
 */
export function asAnswer(value: unknown): unknown {
  return value instanceof RequestSession || value instanceof FlashMessages ? value.toJSON() : value;
}

/**
 * What exception filters are to answer where a handler's own `commit` or `start` failed for its store. The guard of the store has
 * said so in the log, once; of any other error Nest would say it again for each request. What is still due is not tried again: the
 * answer of the filter would wait for that, and give way to another 503.
 */
function asUnavailable(error: unknown, session: SessionCommits): unknown {
  if (!(error instanceof SessionStoreError)) return error;
  if (session.due) session.abandon();
  return new SessionUnavailableException(error);
}

/** What exception filters are to answer where a commit failed. The session is abandoned, so that it is not committed again. */
function asRefusal(error: unknown, session: SessionCommits): unknown {
  // The session is as it was before, and goes on.
  if (error instanceof SessionLimitError) return error;
  session.abandon();
  // Filters that answer a 503 say nothing in the log.
  session.host.commitFailed?.(error);
  return new SessionUnavailableException(error);
}
