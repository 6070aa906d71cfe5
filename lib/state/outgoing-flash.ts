import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import { remainderOf } from './flash-aging.js';
import { type Flashed, batchOf, flashedIn } from './flash-batches.js';
import { FlashLayers } from './flash-layers.js';
import type { FlashBatch } from './payload.js';
import { MAX_UNREAD, listOf } from './unread-messages.js';
import { type Values, pick, readPath } from './values.js';

/** The messages from before, as one request found them. */
export interface FlashBefore {
  /** What the previous requests had flashed when it loaded the session. */
  readonly flashed: Flashed;
  /** The number of the write that it loaded: it has not seen later batches. */
  readonly seen: number;
  /** The names of messages from before that a commit of this request has dropped, with the number of that write. */
  readonly dropped: Map<string, number>;
}

type Batches = Map<number, FlashLayers>;

/**
 * The batches of a record while the flash changes of one request are performed on them, in order. What the
 * request flashes comes into a batch of its own, under the number of the write that stores it, so that a
 * request ages only what it saw. From the batches of other requests that it saw, it only removes.
 *
 * Example with three requests:
 *
 * 1. The first flashes `status`, commits (write 7), flashes `hint`, and ends (write 8). The
 *    batches in the record are 7 with `status` and 8 with `hint`. If it flashed `status` again instead of
 *    `hint`, batch 7 would be empty and batch 8 would have the new message.
 * 2. The second loads the session between the two writes and shows `status`. Its write (9) goes on top of
 *    write 8, and drops batch 7, which it saw; batch 8 stays.
 * 3. The third loads write 9, shows `hint`, and drops batch 8.
 */
export class OutgoingFlash {
  readonly #dropped: ReadonlyMap<string, number>;
  /** The number of the write that stored the change being performed; Infinity if none has. */
  #write = Infinity;
  /** What this request did not remove of the messages from before, stored or not. */
  #left: FlashLayers;
  /** The names of messages from before that stay until a later request reads them. */
  readonly #kept = new Set<string>();
  /** The batches from before, for a request that consumes messages. */
  readonly #consumed: Batches = new Map();
  /** The same for one that consumes none: what it took to show it stays. */
  readonly #waiting: Batches = new Map();
  /** The batches that this request stored. */
  readonly #stored: Batches = new Map();
  readonly #unseen: Batches = new Map();
  #pending = new FlashLayers();

  /**
   * @param log the changes of this request so far
   * @param batches the batches in the record, which contain the changes that are stored
   */
  constructor({ flashed, seen, dropped }: FlashBefore, log: ChangeLog, batches: readonly FlashBatch[]) {
    this.#dropped = dropped;
    this.#left = new FlashLayers(flashed);
    for (const [stamp, changes] of log.storedFlash) {
      this.#write = stamp;
      for (const change of changes) this.perform(change);
    }
    this.#write = Infinity;
    this.#pending = this.#pending.beside();
    const own = new Set(log.storedFlash.map(([stamp]) => stamp));
    for (const batch of batches) {
      const [stamp] = batch;
      if (own.has(stamp)) this.#stored.set(stamp, this.#pending.beside(flashedIn(batch)));
      else if (stamp > seen) this.#unseen.set(stamp, new FlashLayers(flashedIn(batch)));
      else for (const each of this.#seen) each.set(stamp, new FlashLayers(flashedIn(batch)));
    }
    for (const each of log.pending) if (each.op === 'flash') this.perform(each.change);
  }

  get #seen(): readonly Batches[] {
    return [this.#consumed, this.#waiting];
  }

  get #fromBefore(): readonly FlashLayers[] {
    return this.#seen.flatMap((batches) => [...batches.values()]);
  }

  get #own(): readonly FlashLayers[] {
    return [...this.#stored.values(), this.#pending];
  }

  perform(change: FlashChange): void {
    switch (change.op) {
      case 'write':
        for (const layers of [...this.#fromBefore, ...this.#stored.values()]) layers.replace(change.path);
        this.#pending.write(change.path, change.value);
        return;
      case 'append':
        this.#continue(change.name);
        for (const layers of [...this.#fromBefore, ...this.#stored.values()]) layers.append(change.name);
        this.#pending.append(change.name, change.messages);
        return;
      case 'setFields':
        for (const layers of this.#stored.values()) layers.dropFields();
        this.#pending.setFields(change.fields);
        return;
      case 'keep':
        this.#keep(change.path);
        return;
      case 'remove':
        removeFrom([...this.#waiting.values()], change.path);
        this.#remove(change.path);
        return;
      case 'take':
        this.#remove(change.path);
        return;
      case 'clear':
        this.#left = new FlashLayers();
        this.#pending = new FlashLayers();
        for (const batches of [...this.#seen, this.#stored]) batches.clear();
        return;
      case 'leaveOthers':
        this.#unseen.clear();
    }
  }

  #remove(path: string): void {
    this.#left.remove(path);
    removeFrom([...this.#consumed.values(), ...this.#own], path);
  }

  /** Whether there is a message or field from before to be kept: not removed, and not flashed or kept already. */
  canKeep(path: string): boolean {
    return this.#left.has(path) && !this.has(path);
  }

  #keep(path: string): void {
    const unread = [path, path.split('.')[0] ?? path].find((name) => this.#left.isUntilRead(name));
    if (unread === undefined) this.#pending.keep(this.#left, path);
    else this.#stay(unread);
  }

  /** Makes the messages of a name from before part of the list that is added to. */
  #continue(name: string): void {
    if (this.#kept.has(name) || readPath(this.#left.messages, name) === undefined) return;
    const isOwn = this.#own.some(({ messages }) => readPath(messages, name) !== undefined);
    // What this request flashed, or kept to flash it again, is in their place.
    if (isOwn) for (const layers of [this.#left, ...this.#fromBefore]) layers.replace(name);
    else this.#stay(name);
  }

  /**
   * Leaves the messages of a name in their batches until a later request reads them, so that two requests that
   * keep them do not double them. Only if a commit of this request has dropped them, they are stored again.
   */
  #stay(name: string): void {
    const key = Object.hasOwn(this.#left.messages, name) ? name : (name.split('.')[0] ?? name);
    if ((this.#dropped.get(key) ?? Infinity) < this.#write) {
      this.#pending.append(name, listOf(readPath(this.#left.messages, name)));
      this.#left.replace(name);
      return;
    }
    this.#kept.add(name);
    this.#left.append(name);
    for (const batches of this.#seen) {
      const all = [...batches.values()];
      const parts = partsOf(all, name);
      for (const layers of all)
        if (parts.includes(layers)) layers.append(name);
        // Hidden by later ones: added to the list, it would be shown after all.
        else layers.replace(name);
    }
  }

  /** What this request did not remove of the messages from before. */
  get left(): Flashed {
    return this.#left.share();
  }

  /** Whether the next request is to see a message or field because of this one. */
  has(path: string): boolean {
    return readPath(this.#keptMessages, path) !== undefined || this.#own.some((layers) => layers.has(path));
  }

  get #keptMessages(): Values {
    return pick(this.#left.messages, [...this.#kept]);
  }

  /** Whether a message or field from before stays if this request consumes none. */
  isWaiting(path: string): boolean {
    return [...this.#waiting.values()].some((layers) => layers.has(path));
  }

  /** Whether messages of a name from before, which stay until they are read, stay after this request. */
  stays(name: string, wasRead: boolean): boolean {
    return readPath(this.#left.messages, name) !== undefined && (!wasRead || this.#kept.has(name));
  }

  get hasFields(): boolean {
    return this.#own.some((layers) => layers.hasFields);
  }

  get isEmpty(): boolean {
    return Object.keys(this.#keptMessages).length === 0 && this.#own.every((layers) => layers.isEmpty);
  }

  /**
   * The batches that the write with a number has to store.
   *
   * @param consumes whether the request consumes messages; asked only if there are any from before
   * @param stays whether messages of a name that stay until they are read stay after this request
   */
  batchesFor(stamp: number, consumes: () => boolean, stays: (name: string) => boolean): FlashBatch[] {
    const seen =
      this.#consumed.size > 0 && consumes()
        ? batchesOf(this.#consumed).flatMap((batch) => remainderOf(batch, stays))
        : batchesOf(this.#waiting);
    const later = [...batchesOf(this.#unseen), ...batchesOf(this.#stored)].toSorted(([a], [b]) => a - b);
    return [...seen, ...later, ...batchOf(stamp, this.#pending.share())];
  }
}

function batchesOf(batches: Batches): FlashBatch[] {
  return [...batches].flatMap(([stamp, layers]) => batchOf(stamp, layers.share()));
}

/**
 * Removes what is at a path from layers that are read together. The index of a message that stays until it is
 * read counts in the list that the layers make up.
 */
function removeFrom(several: readonly FlashLayers[], path: string): void {
  const [name = '', index = '', ...below] = path.split('.');
  const isItem = /^\d+$/.test(index) && several.some((layers) => layers.isUntilRead(name));
  if (!isItem || several.some(({ messages }) => Object.hasOwn(messages, path))) {
    for (const layers of several) layers.remove(path);
    return;
  }
  const parts = partsOf(several, name);
  const lists = parts.map(({ messages }) => listOf(messages[name]));
  let at = Number(index) + Math.max(0, lists.flat().length - MAX_UNREAD);
  for (const [part, layers] of parts.entries()) {
    const size = lists[part]?.length ?? 0;
    if (at >= 0 && at < size) {
      const isList = Array.isArray(layers.messages[name]);
      layers.remove([name, ...(isList ? [at] : []), ...below].join('.'));
    }
    at -= size;
  }
}

/** Of layers that are read together, those whose messages of a name are shown if they are shown as a list. */
function partsOf(several: readonly FlashLayers[], name: string): readonly FlashLayers[] {
  const firstUnread = several.findIndex((layers) => layers.isUntilRead(name));
  const before = firstUnread === -1 ? several : several.slice(0, firstUnread);
  const shown = before.findLastIndex(({ messages }) => readPath(messages, name) !== undefined);
  return several.slice(Math.max(0, shown));
}
