import { asAnswer } from './commit/commit-before.js';
import { FlashMessages } from '../session/flash-messages.js';
import { RequestSession } from '../session/request-session.js';

let pending: Promise<void> | null = null;

/**
 * Tells class-transformer, if the application has it, how to serialize sessions and flash messages anywhere in
 * a handler's return value. class-transformer reads properties, and these objects have none, so
 * ClassSerializerInterceptor would turn them into `{}`. Its options (groups, strategy, ...) apply to the values
 * as they do elsewhere.
 *
 * Call it before the first request. A second call does nothing.
 */
export function registerTransforms(): Promise<void> {
  return (pending ??= tell());
}

async function tell(): Promise<void> {
  const library = await load();
  if (library === null) return;
  const { Expose, Transform, instanceToPlain } = library;
  for (const { prototype } of [RequestSession, FlashMessages]) {
    // The whole object can only be exposed through a property of this name: JSON calls `toJSON`, as it would
    // have on the session.
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
  // Inside a try block, bundlers tolerate a package that is not installed.
  try {
    return await import('class-transformer');
  } catch {
    // Not installed. If it is installed but fails to load, Nest reports that, because Nest loads it too.
    return null;
  }
}
