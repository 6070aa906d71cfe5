/** A payload in which a torn write is detectable. */
export function payloadOf(count: number): string {
  return JSON.stringify({ count, filler: `${count},`.repeat(1_000) });
}

/** The count in a payload; undefined if the payload was not made by `payloadOf`. */
export function countOf(payload: string): number | undefined {
  const count = Number.parseInt(payload.slice('{"count":'.length), 10);
  return payload === payloadOf(count) ? count : undefined;
}
