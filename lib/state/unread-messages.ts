/** How many of the latest messages of a name are kept: a thousand failed sign-ins must not fill the session. */
export const MAX_UNREAD = 50;

/** What was flashed under a name as a list of messages: a single message (`flash('error', 'text')`) is one. */
export function listOf(flashed: unknown): readonly unknown[] {
  if (flashed === undefined || flashed === null) return [];
  return Array.isArray(flashed) ? flashed : [flashed];
}

/** What was flashed under a name with more messages behind it, as a list of the latest. */
export function appended(flashed: unknown, more: unknown): unknown[] {
  return [...listOf(flashed), ...listOf(more)].slice(-MAX_UNREAD);
}
