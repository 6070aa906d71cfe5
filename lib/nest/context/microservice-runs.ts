import { AsyncLocalStorage } from 'node:async_hooks';
import { Observable, isObservable } from 'rxjs';
import { sessionContext } from '../../session/session.context.js';
import type { RequestSession } from '../../session/request-session.js';

/** The call of an interceptor for a message of a microservice. */
type MessageCall = object;
type Answers = Observable<unknown> | Promise<Observable<unknown>>;

const calls = new AsyncLocalStorage<MessageCall>();
const callOf = new WeakMap<RequestSession, MessageCall>();

/** Records in which interceptor call, if any, `SessionManager.run` starts with a session. */
export function noteRun(session: RequestSession): void {
  const call = calls.getStore();
  if (call !== undefined) callOf.set(session, call);
}

/**
 * Calls an interceptor for a microservice message. The message has a session only where `SessionManager.run`
 * provides one, and the interceptor may continue inside that run. Only a run started by this call counts, even
 * if the call happens in the context of another.
 *
 * @param intercept receives a function that returns the session of the run in which the interceptor continues,
 * or undefined
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

/** Work that an interceptor defers happens on subscription. */
function observeInCall(call: MessageCall, answers: Observable<unknown>): Observable<unknown> {
  return new Observable((subscriber) => calls.run(call, () => answers.subscribe(subscriber)));
}
