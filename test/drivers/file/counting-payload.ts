/** A payload that cannot be torn without showing it. */
export function payloadOf(count: number): string {
  return JSON.stringify({ count, filler: `${count},`.repeat(1_000) });
}

/** The count in a payload; undefined where the payload is none of `payloadOf`. */
export function countOf(payload: string): number | undefined {
  const count = Number.parseInt(payload.slice('{"count":'.length), 10);
  return payload === payloadOf(count) ? count : undefined;
}
