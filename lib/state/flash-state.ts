import type { FlashBatch } from './payload.js';
import { type Values, cloneValue, readPath, removePath, writePath } from './values.js';

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
  /** What a write under way carries. */
  #inFlight: Values | null = null;

  /**
   * @param seen the number of the write that was loaded
   * @param ages false for a prefetch, which must not use messages up
   */
  constructor(batches: FlashBatch[], seen: number, ages: boolean) {
    this.#batches = batches;
    this.#seen = seen;
    this.#ages = ages;
    this.previous = batches.length === 0 ? {} : Object.assign({}, ...batches.map(([, messages]) => messages));
  }

  /** Everything readable in this request. Not to be changed. */
  get visible(): Values {
    return this.#visible ?? this.previous;
  }

  /** Whether a commit has anything to store here. */
  get due(): boolean {
    return this.#pending !== null || (this.#ages && this.#batches.some(([stamp]) => stamp <= this.#seen));
  }

  /** Whether this request itself changed anything, aging apart. */
  get modified(): boolean {
    return this.#pending !== null;
  }

  /** Shows a message in this request and the next. */
  flash(path: string, value: unknown): void {
    this.now(path, value);
    writeCopying((this.#pending ??= {}), path, value);
  }

  /** Shows a message in this request only. */
  now(path: string, value: unknown): void {
    writeCopying((this.#visible ??= { ...this.previous }), path, value);
  }

  /** Lets the previous request's messages live one request more: all of them, or those at the given paths. */
  keep(paths?: readonly string[]): void {
    for (const path of paths ?? Object.keys(this.previous)) {
      const value = paths === undefined ? this.previous[path] : readPath(this.previous, path);
      if (value !== undefined) writeCopying((this.#pending ??= {}), path, value);
    }
  }

  /** Takes a message back, whoever flashed it. Returns false where none was readable. */
  forget(path: string): boolean {
    if (readPath(this.visible, path) === undefined) return false;
    this.#visible = { ...this.visible };
    removeCopying(this.#visible, path);
    if (this.#pending !== null) removeCopying(this.#pending, path);
    return true;
  }

  /** Takes all messages of this request back. */
  clear(): void {
    this.#visible = {};
    this.#pending = null;
  }

  /** The batches to store under the number of a new write. What is pending travels with it until `stored` or `notStored`. */
  takeFor(stamp: number): FlashBatch[] {
    const rest = this.#ages ? this.#batches.filter(([batch]) => batch > this.#seen) : this.#batches.slice();
    if (this.#pending !== null) {
      this.#inFlight = { ...this.#inFlight, ...this.#pending };
      this.#pending = null;
    }
    if (this.#inFlight !== null && Object.keys(this.#inFlight).length > 0) rest.push([stamp, this.#inFlight]);
    return rest;
  }

  /** The write succeeded: these are the stored batches now. */
  stored(batches: FlashBatch[]): void {
    this.#batches = batches;
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
    this.#pending = { ...this.#inFlight, ...this.#pending };
    this.#inFlight = null;
  }
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
