import { AsyncLocalStorage } from 'node:async_hooks';
import { Observable, isObservable } from 'rxjs';
import { sessionContext } from '../../session/session.context.js';
import type { RequestSession } from '../../session/request-session.js';

/** The call of an interceptor for a message of a microservice. */
type MessageCall = object;
type Answers = Observable<unknown> | Promise<Observable<unknown>>;

const calls = new AsyncLocalStorage<MessageCall>();
const callOf = new WeakMap<RequestSession, MessageCall>();

/** `SessionManager.run` begins to run something with a session: where an interceptor has called it, it is noted which. */
export function noteRun(session: RequestSession): void {
  const call = calls.getStore();
  if (call !== undefined) callOf.set(session, call);
}

/**
 * Calls an interceptor for a message of a microservice, which has a session where `SessionManager.run` gives it one: an
 * interceptor may go on inside of that. Nothing but a run of its own counts, however it has come to be in another's context.
 *
 * @param intercept is given a function that tells the session of the run which the interceptor goes on in; undefined for none
 */
export function interceptMessage(intercept: (runOf: () => RequestSession | undefined) => Answers): Answers {
  const call = {};
  const runOf = (): RequestSession | undefined => {
    const session = sessionContext.getStore();
    return session !== undefined && callOf.get(session) === call ? session : undefined;
  };
  return calls.run(call, () => {
    const answers = intercept(runOf);
    return isObservable(answers)
      ? observeInCall(call, answers)
      : answers.then((late) => observeInCall(call, late));
  });
}

/** What an interceptor defers, it does when it is subscribed to. */
function observeInCall(call: MessageCall, answers: Observable<unknown>): Observable<unknown> {
  return new Observable((subscriber) => calls.run(call, () => answers.subscribe(subscriber)));
}
