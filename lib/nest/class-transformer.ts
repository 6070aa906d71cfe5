import { asAnswer } from './commit/commit-before.js';
import { FlashMessages } from '../session/flash-messages.js';
import { RequestSession } from '../session/request-session.js';

let pending: Promise<void> | null = null;

/**
 * Tells class-transformer, where an application has it, how to make plain what is a session or its messages, wherever it is
 * met in what a handler returns: it looks for properties, and they have none, so that ClassSerializerInterceptor would make
 * `{}` of them. Its options (groups, strategy, ...) count for the values as they do for all else.
 *
 * To be called before the first request. A second call does nothing.
 */
export function registerTransforms(): Promise<void> {
  return (pending ??= tell());
}

async function tell(): Promise<void> {
  const library = await load();
  if (library === null) return;
  const { Expose, Transform, instanceToPlain } = library;
  for (const { prototype } of [RequestSession, FlashMessages]) {
    // A property of that name is all that can be said of an object as a whole: JSON asks it, as it would have asked the session.
    Expose({ toPlainOnly: true })(prototype, 'toJSON');
    Transform(
      ({ obj, options }) => {
        const plain = instanceToPlain(asAnswer(obj), options);
        return () => plain;
      },
      { toPlainOnly: true },
    )(prototype, 'toJSON');
  }
}

async function load() {
  // In a try: only then do bundlers pass over a package that is not installed.
  try {
    return await import('class-transformer');
  } catch {
    // It is not installed. One that is installed and cannot be loaded is reported by Nest, which loads it too.
    return null;
  }
}
