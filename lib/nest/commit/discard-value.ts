import { StreamableFile } from '@nestjs/common';

/** Closes what a handler returned and nobody will read: a stream would keep its file or connection open. */
export function discardValue(value: unknown): void {
  const stream: unknown = value instanceof StreamableFile ? value.getStream() : value;
  if (isStream(stream)) stream.destroy();
}

function isStream(value: unknown): value is { destroy(): unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pipe' in value &&
    typeof value.pipe === 'function' &&
    'destroy' in value &&
    typeof value.destroy === 'function'
  );
}
