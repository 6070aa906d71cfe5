import { isObservable } from 'rxjs';
import { sessionContext } from '../../session/session.context.js';
import { copyMetadata } from '../copy-metadata.js';
import { commitAtOnce } from './commit-before.js';

type Handler = (this: unknown, ...args: unknown[]) => unknown;

const bound = new WeakSet<object>();

/**
 * A handler of messages that stores what it has written when it is through, also where it returns a stream. Interceptors
 * cannot do that: they hear of a stream by its values.
 */
export function committingHandler(handler: Handler): Handler {
  if (bound.has(handler)) return handler;
  const wrapper: Handler = function (...args) {
    const session = sessionContext.getStore();
    const answer: unknown = Reflect.apply(handler, this, args);
    if (session === undefined) return answer;
    const stored = (value: unknown): unknown => (isObservable(value) ? commitAtOnce(value, session) : value);
    return answer instanceof Promise ? answer.then(stored) : stored(answer);
  };
  bound.add(wrapper);
  copyMetadata(handler, wrapper);
  return Object.defineProperties(wrapper, {
    name: { value: handler.name },
    length: { value: handler.length },
  });
}
