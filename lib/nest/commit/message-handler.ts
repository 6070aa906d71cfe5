import { isObservable } from 'rxjs';
import { sessionContext } from '../../session/session.context.js';
import type { Method } from '../methods-of.js';
import { commitAtOnce } from './commit-before.js';
import { withAnswer } from './with-answer.js';

const bound = new WeakSet<Method>();

/**
 * A handler of messages that stores what it has written when it is through, also where it returns a stream. Interceptors
 * cannot do that: they hear of a stream by its values.
 */
export function committingHandler(handler: Method): Method {
  if (bound.has(handler)) return handler;
  const committing = withAnswer(handler, stored);
  bound.add(committing);
  return committing;
}

function stored(answer: unknown): unknown {
  const session = sessionContext.getStore();
  return session !== undefined && isObservable(answer) ? commitAtOnce(answer, session) : answer;
}
