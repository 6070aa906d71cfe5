import { StreamableFile } from '@nestjs/common';
import { propertyOf } from '../../http/property-of.js';

/** Closes a return value of a handler that nobody will read: an open stream would hold its file or connection. */
export function discardValue(value: unknown): void {
  const stream: unknown = value instanceof StreamableFile ? value.getStream() : value;
  if (isStream(stream)) stream.destroy();
}

function isStream(value: unknown): value is { destroy(): unknown } {
  return (
    typeof propertyOf(value, 'pipe') === 'function' && typeof propertyOf(value, 'destroy') === 'function'
  );
}
