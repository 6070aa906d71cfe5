import { assertKey } from '../state/values.js';
import { type Check, Refusal } from './read-option.js';
import { refine, text } from './checks.js';

/** The path of a session value. @param takes what it names, for messages */
export function valuePath(takes: string): Check<string> {
  return refine(text(takes), (path) => {
    try {
      assertKey(path);
      return path;
    } catch (cause) {
      return new Refusal(`got "${path}"; it takes ${takes}.`, cause);
    }
  });
}
