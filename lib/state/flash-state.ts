import type { FlashBatch } from './payload.js';
import { type Values, cloneValue, mergeInto, readPath, removePath, writePath } from './values.js';

/**
 * The flash messages of one session as one request sees them.
 *
 * Messages lie in batches, each under the number of the write that stored it. A request knows the highest number that
 * it saw when it loaded the session; at commit it drops the batches up to that one, and no other. So no request ever
 * ages messages that it did not see.
 */
export class FlashState {
  /** What the previous request flashed, as it was when this request loaded the session. */
  readonly previous: Values;
  readonly #seen: number;
  readonly #ages: boolean;
  #batches: FlashBatch[];
  /** Readable in this request: previous, flashed now, and for now only. Null: the same as `previous`. */
  #visible: Values | null = null;
  /** Flashed by this request and not stored yet. */
  #pending: Values | null = null;
  /** What a write under way carries, and its number. */
  #inFlight: { readonly stamp: number; messages: Values } | null = null;
  /** What this request stored in earlier commits, by the number of the write. Null: nothing. */
  #own: Map<number, Values> | null = null;
  /** Counts the messages taken back after they were stored, or on their way. */
  #withdrawals = 0;
  #withdrawalsInFlight = 0;
  #withdrawalsStored = 0;
  /** Whether the next write carries nothing of what other requests flashed. */
  #alone = false;
  #aloneInFlight = false;

  /**
   * @param seen the number of the write that was loaded
   * @param ages false for a prefetch, which must not use messages up
   * @param previous what this request saw first, where it loads the session once more
   */
  constructor(batches: FlashBatch[], seen: number, ages: boolean, previous?: Values) {
    this.#batches = batches;
    this.#seen = seen;
    this.#ages = ages;
    this.previous = previous ?? joined(batches);
  }

  /**
   * The messages of the same request after it loaded the session once more: what it did not store is forgotten; what it
   * stored is still for the next request, and what it saw before is not shown as new.
   */
  reloaded(batches: FlashBatch[]): FlashState {
    const again = new FlashState(batches, this.#seen, this.#ages, this.previous);
    const since = batches.filter(([stamp]) => stamp > this.#seen);
    if (since.length > 0) again.#visible = { ...this.previous, ...joined(since) };
    return again;
  }

  /** Everything readable in this request. Not to be changed. */
  get visible(): Values {
    return this.#visible ?? this.previous;
  }

  /** Whether a commit has anything to store here. */
  get due(): boolean {
    return (
      this.#pending !== null ||
      this.#withdrawals > this.#withdrawalsStored ||
      (this.#ages && this.#batches.some(([stamp]) => stamp <= this.#seen))
    );
  }

  /** Whether this request itself changed anything, aging apart. */
  get modified(): boolean {
    return this.#pending !== null || this.#withdrawals > this.#withdrawalsStored;
  }

  /** Shows a message in this request and the next. */
  flash(path: string, value: unknown): void {
    this.now(path, value);
    this.#withdraw(path);
    writeCopying((this.#pending ??= {}), path, value);
  }

  /** Shows a field of a form in this request and the next. Its name comes from a visitor: it is taken literally. */
  flashField(name: string, value: unknown): void {
    this.#withdraw(name);
    (this.#visible ??= { ...this.previous })[name] = value;
    (this.#pending ??= {})[name] = value;
  }

  /** Shows a message in this request only. */
  now(path: string, value: unknown): void {
    writeCopying((this.#visible ??= { ...this.previous }), path, value);
  }

  /**
   * Lets the previous request's messages live one request more: all of them, or those at the given paths. What this
   * request flashed under the same name stays as it is.
   */
  keep(paths?: readonly string[]): void {
    for (const path of paths ?? Object.keys(this.previous)) {
      const value = paths === undefined ? this.previous[path] : readPath(this.previous, path);
      if (value !== undefined && !this.#hasFlashed(path)) writeCopying((this.#pending ??= {}), path, value);
    }
  }

  #hasFlashed(path: string): boolean {
    return [this.#pending, this.#inFlight?.messages, ...(this.#own?.values() ?? [])].some(
      (messages) => messages !== null && messages !== undefined && readPath(messages, path) !== undefined,
    );
  }

  /** Takes a message back, whoever flashed it. Returns false where none was readable. */
  forget(path: string): boolean {
    this.#withdraw(path);
    const pending = this.#pending !== null && readPath(this.#pending, path) !== undefined;
    // Kept after a flush, a message is on its way without being readable.
    if (this.#pending !== null && pending) removeCopying(this.#pending, path);
    if (readPath(this.visible, path) === undefined) return pending;
    this.#visible = { ...this.visible };
    removeCopying(this.#visible, path);
    return true;
  }

  /** Takes all messages of this request back. */
  clear(): void {
    this.#visible = {};
    this.#pending = null;
    this.#withdraw(null);
  }

  /** Leaves behind what other requests flashed, seen or not: the session goes on without them. */
  leaveOthers(): void {
    this.#alone = true;
  }

  /** Takes back what is stored already, or on its way: one message, or (null) all. */
  #withdraw(path: string | null): void {
    if (this.#inFlight !== null) {
      this.#inFlight.messages = this.#without(this.#inFlight.messages, path);
    }
    if (this.#own === null) return;
    for (const [stamp, messages] of this.#own) this.#own.set(stamp, this.#without(messages, path));
  }

  #without(messages: Values, path: string | null): Values {
    const hit = path === null ? Object.keys(messages).length > 0 : readPath(messages, path) !== undefined;
    if (!hit) return messages;
    this.#withdrawals += 1;
    if (path === null) return {};
    const rest = { ...messages };
    removeCopying(rest, path);
    return rest;
  }

  /**
   * The batches to store under the number of a new write. What is pending travels with it until `stored` or
   * `notStored`.
   */
  takeFor(stamp: number): FlashBatch[] {
    let rest = this.#batches.filter(([batch]) => this.#survives(batch));
    this.#aloneInFlight = this.#alone;
    if (this.#own !== null) rest = withOwn(rest, this.#own);
    if (this.#pending !== null) {
      this.#inFlight = { stamp, messages: { ...this.#inFlight?.messages, ...this.#pending } };
      this.#pending = null;
    } else if (this.#inFlight !== null) {
      this.#inFlight = { stamp, messages: this.#inFlight.messages };
    }
    this.#withdrawalsInFlight = this.#withdrawals;
    if (this.#inFlight !== null && Object.keys(this.#inFlight.messages).length > 0) {
      rest.push([stamp, this.#inFlight.messages]);
    }
    return rest;
  }

  #survives(batch: number): boolean {
    if (this.#own?.has(batch) === true) return true;
    return !this.#alone && !(this.#ages && batch <= this.#seen);
  }

  /** The write succeeded: these are the stored batches now. */
  stored(batches: FlashBatch[]): void {
    this.#batches = batches;
    this.#withdrawalsStored = this.#withdrawalsInFlight;
    if (this.#aloneInFlight) this.#alone = false;
    if (this.#inFlight === null) return;
    (this.#own ??= new Map()).set(this.#inFlight.stamp, this.#inFlight.messages);
    this.#inFlight = null;
  }

  /** Another request wrote first: what this one has to store goes on top of newer batches. */
  rebase(batches: FlashBatch[]): void {
    this.#batches = batches;
    this.notStored();
  }

  /** The write did not happen: what it carried is pending again. */
  notStored(): void {
    if (this.#inFlight === null) return;
    this.#pending = { ...this.#inFlight.messages, ...this.#pending };
    this.#inFlight = null;
  }
}

/** What several batches say together: later ones win, and messages under one name (`errors.title`) stand side by side. */
function joined(batches: readonly FlashBatch[]): Values {
  const [first] = batches;
  if (first === undefined) return {};
  if (batches.length === 1) return { ...first[1] };
  const messages: Values = {};
  for (const [, batch] of batches) mergeInto(messages, cloneValue(batch));
  return messages;
}

/** Batches of this request as it wants them now. */
function withOwn(batches: readonly FlashBatch[], own: ReadonlyMap<number, Values>): FlashBatch[] {
  return batches
    .map(([stamp, messages]): FlashBatch => [stamp, own.get(stamp) ?? messages])
    .filter(([, messages]) => Object.keys(messages).length > 0);
}

/** Writes without touching objects that others share (the previous messages, a message flashed twice). */
function writeCopying(messages: Values, path: string, value: unknown): void {
  copyRoot(messages, path);
  writePath(messages, path, value);
}

function removeCopying(messages: Values, path: string): void {
  copyRoot(messages, path);
  removePath(messages, path);
}

function copyRoot(messages: Values, path: string): void {
  const dot = path.indexOf('.');
  if (dot === -1 || Object.hasOwn(messages, path)) return;
  const root = path.slice(0, dot);
  if (Object.hasOwn(messages, root)) messages[root] = cloneValue(messages[root]);
}
