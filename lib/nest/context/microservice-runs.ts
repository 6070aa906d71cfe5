import { AsyncLocalStorage } from 'node:async_hooks';
import { Observable, isObservable } from 'rxjs';
import { sessionContext } from '../../session/session.context.js';
import type { HostedSession } from '../../session/hosted-session.js';

/** The call of an interceptor for a message of a microservice. */
type MessageCall = object;
type Answers = Observable<unknown> | Promise<Observable<unknown>>;

const calls = new AsyncLocalStorage<MessageCall>();
const callOf = new WeakMap<HostedSession, MessageCall>();

/** Records in which interceptor call, if any, `SessionManager.run` starts with a session. */
export function noteRun(hosted: HostedSession): void {
  const call = calls.getStore();
  if (call !== undefined) callOf.set(hosted, call);
}

/**
 * Calls an interceptor for a microservice message. The message has a session only where `SessionManager.run`
 * provides one, and the interceptor may continue inside that run. Only a run started by this call counts, even
 * if the call happens in the context of another.
 *
 * @param intercept receives a function that returns the session of the run in which the interceptor continues,
 * or undefined
 */
export function interceptMessage(intercept: (runOf: () => HostedSession | undefined) => Answers): Answers {
  const call = {};
  const runOf = (): HostedSession | undefined => {
    const hosted = sessionContext.getStore();
    return hosted !== undefined && callOf.get(hosted) === call ? hosted : undefined;
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
