import {
  type Flashed,
  Refused,
  type Values,
  apart,
  isMissing,
  nothingFlashed,
  read,
  remove,
  shown,
  write,
} from './naive-values.js';

const NEVER_FLASHED = ['password', '_csrf'];

/** The keys that a method was given. An invalid key is refused anywhere in the list, before anything is done. */
const asList = (keys: unknown): string[] => {
  const list = (Array.isArray(keys) ? keys : [keys]) as string[];
  for (const key of list) read({}, key);
  return list;
};

/** The leaves of a nested object by their paths. */
const leafValuesOf = (data: Values): [string, unknown][] =>
  Object.entries(data).flatMap(([key, value]) =>
    isObject(value) && Object.keys(value).length > 0
      ? leafValuesOf(value).map(([path, leaf]): [string, unknown] => [`${key}.${path}`, leaf])
      : [[key, value] as [string, unknown]],
  );

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One value by its key, or several. If one of several has no place in the values, all are refused before anything is done. */
const pairs = (values: Values, key: string | Values, value: unknown): [string, unknown][] => {
  if (typeof key === 'string') return [[key, value]];
  asList(Object.keys(key));
  return placed(values, Object.entries(key));
};

const placed = (values: Values, entries: [string, unknown][]): [string, unknown][] => {
  const trial = structuredClone(values);
  for (const [key, value] of entries) write(trial, key, structuredClone(value));
  return entries;
};

const writeMessage = (messages: Values, key: string, value: unknown): void =>
  apart(() => write(messages, key, value), messages, key);

/** Values and messages of one request, as the design describes them, in plain objects. */
export abstract class ModelSession {
  values: Values = {};
  /** What the previous request flashed. */
  previous: Flashed = nothingFlashed();
  /** Invalidate leaves no redirect from the old id. */
  protected leavesNoWay = false;
  /** Whether the request has stored what an invalidate left. */
  protected endIsStored = false;
  /** The messages that this request sees. */
  visible: Flashed = nothingFlashed();
  /** What this request has left of the messages of the previous one. */
  unremoved: Flashed = nothingFlashed();
  /** The messages that the next request will see. */
  next: Flashed = nothingFlashed();
  /** The names of messages that this request flashed: a field of the same name is hidden, and not stored. */
  protected readonly claimed = new Set<string>();
  /** Flashed data that waits for a request other than a prefetch. */
  protected waiting: Flashed = nothingFlashed();
  /** Whether this request wrote: a put counts even if it changes nothing. */
  isWritten = false;
  readonly = false;
  initiated = true;
  protected abstract readonly body: Values | null;
  /** Whether this request has stored the session: then the flashed data in the store is this request's. */
  protected hasStored = false;

  abstract destroy(): this;

  // ---- reading ---------------------------------------------------------------------------------------------------

  #read(key: string): unknown {
    const value = read(this.values, key);
    return value === undefined ? read(shown(this.visible), key) : value;
  }

  get(key?: string, fallback?: unknown): unknown {
    if (key === undefined) return this.all();
    const value = this.#read(key);
    if (!isMissing(value) || fallback === undefined) return value;
    return typeof fallback === 'function' ? fallback() : fallback;
  }

  all(): Values {
    return { ...shown(this.visible), ...this.values };
  }

  has(keys: unknown): boolean {
    return asList(keys).every((key) => !isMissing(this.#read(key)));
  }

  exists(keys: unknown): boolean {
    return asList(keys).every((key) => this.#read(key) !== undefined);
  }

  missing(keys: unknown): boolean {
    return asList(keys).every((key) => isMissing(this.#read(key)));
  }

  hasAny(keys: unknown): boolean {
    return asList(keys).some((key) => !isMissing(this.#read(key)));
  }

  only(keys: unknown): Values {
    const all = this.all();
    const picked: Values = {};
    for (const key of asList(keys)) {
      const value = read(all, key);
      if (value === undefined) continue;
      if (Object.hasOwn(all, key)) picked[key] = value;
      else write(picked, key, value);
    }
    return picked;
  }

  except(keys: unknown): Values {
    const rest = this.all();
    for (const key of asList(keys)) apart(() => remove(rest, key), rest, key);
    return rest;
  }

  get isEmpty(): boolean {
    return Object.keys(this.all()).length === 0;
  }

  // ---- writing ---------------------------------------------------------------------------------------------------

  put(key: string | Values, value?: unknown): this {
    this.checkWritable();
    for (const [name, each] of pairs(this.values, key, value)) this.#write(name, each);
    return this;
  }

  #write(key: string, value: unknown): void {
    write(this.values, key, value);
    this.isWritten = true;
  }

  set(key: string | Values, value?: unknown): this {
    return this.put(key, value);
  }

  merge(data: Values): this {
    this.checkWritable();
    const leaves = leafValuesOf(data);
    asList(leaves.map(([path]) => path));
    for (const [path, leaf] of placed(this.values, leaves)) {
      const present = read(this.values, path);
      const isNothing = isObject(leaf) && typeof present === 'object' && present !== null;
      if (!isNothing) this.#write(path, leaf);
    }
    return this;
  }

  remember(key: string, make: () => unknown): unknown {
    const value = this.#read(key);
    if (!isMissing(value)) return value;
    const made = make();
    this.put(key, made);
    return made;
  }

  update(key: string, fn: (current: unknown) => unknown): this {
    this.checkWritable();
    const value = fn(read(this.values, key));
    if (value === undefined) {
      if (read(this.values, key) !== undefined) this.isWritten = true;
      remove(this.values, key);
    } else this.#write(key, value);
    return this;
  }

  push(key: string, value: unknown): this {
    this.checkWritable();
    const list = read(this.values, key) ?? [];
    if (!Array.isArray(list)) throw new Refused('SessionValueError');
    this.#write(key, list);
    list.push(value);
    return this;
  }

  increment(key: string, by = 1): number {
    this.checkWritable();
    const count = read(this.values, key) ?? 0;
    if (typeof count !== 'number') throw new Refused('SessionValueError');
    this.#write(key, count + by);
    return count + by;
  }

  decrement(key: string, by = 1): number {
    return this.increment(key, -by);
  }

  pull(key: string, fallback?: unknown): unknown {
    this.checkWritable();
    const value = this.get(key, fallback);
    // What a prefetched page shows, the visitor has not seen.
    this.#remove(key, [this.visible, this.unremoved, this.next]);
    return value;
  }

  forget(keys?: unknown): this {
    if (keys === undefined) return this.destroy();
    this.checkWritable();
    for (const key of asList(keys)) this.#remove(key);
    return this;
  }

  delete(keys?: unknown): this {
    return keys === undefined ? this.flush() : this.forget(keys);
  }

  /** Removes a key so that it cannot be read any more: a message of this name is removed too. */
  #remove(key: string, messages = [this.visible, this.unremoved, this.next, this.waiting]): void {
    if (read(this.values, key) !== undefined) this.isWritten = true;
    remove(this.values, key);
    // Counts even for a message of the current request only.
    const isThere = [this.visible, this.next].some((flashed) => read(shown(flashed), key) !== undefined);
    if (!isThere) return;
    this.isWritten = true;
    this.claimed.delete(key);
    for (const flashed of messages) {
      for (const from of [flashed.messages, flashed.fields, flashed.olderFields])
        apart(() => remove(from, key), from, key);
    }
  }

  flush(): this {
    this.checkWritable();
    if (!this.isEmpty) this.isWritten = true;
    this.values = {};
    this.visible = nothingFlashed();
    this.unremoved = nothingFlashed();
    this.next = nothingFlashed();
    this.claimed.clear();
    this.waiting = nothingFlashed();
    return this;
  }

  clear(): this {
    return this.flush();
  }

  reset(values: Values): this {
    this.checkWritable();
    for (const key of Object.keys(values)) read({}, key);
    this.flush();
    this.values = { ...values };
    if (Object.keys(values).length > 0) this.isWritten = true;
    return this;
  }

  // ---- flash -----------------------------------------------------------------------------------------------------

  flash(key: string | Values, value?: unknown): this {
    this.checkWritable();
    for (const [name, each] of pairs(this.visible.messages, key, value)) {
      for (const { messages } of [this.visible, this.next]) writeMessage(messages, name, each);
      this.claimed.add(name);
      // It replaces the message that waits.
      for (const from of [this.waiting.messages, this.waiting.fields])
        apart(() => remove(from, name), from, name);
      this.isWritten = true;
    }
    return this;
  }

  now(key: string | Values, value?: unknown): this {
    for (const [name, each] of pairs(this.visible.messages, key, value))
      writeMessage(this.visible.messages, name, each);
    return this;
  }

  reflash(): this {
    return this.keep(Object.keys(shown(this.unremoved)));
  }

  /** Keeps messages that it has not removed; what this request flashed under the same name stays. */
  keep(keys: unknown): this {
    this.checkWritable();
    for (const key of asList(keys)) {
      if (read(shown(this.unremoved), key) === undefined || read(shown(this.next), key) !== undefined)
        continue;
      const message = read(this.unremoved.messages, key);
      const field = read(this.unremoved.fields, key);
      if (message !== undefined) writeMessage(this.next.messages, key, message);
      if (field !== undefined) {
        for (const fields of [this.next.fields, this.next.olderFields]) writeMessage(fields, key, field);
      }
      this.isWritten = true;
    }
    return this;
  }

  /** Keeps of the form what the last call names. */
  #flashFields(form: Values): this {
    this.checkWritable();
    const { fields, olderFields } = this.next;
    const shows = Object.keys(fields).some((name) => !this.claimed.has(name));
    if (Object.keys(form).length > 0 || (this.hasStored && shows)) this.isWritten = true;
    this.next.fields = { ...olderFields, ...form };
    this.visible.fields = { ...this.visible.olderFields, ...form };
    return this;
  }

  #fields(): Values {
    const fields = Object.entries(this.body ?? {}).filter(([name]) => !NEVER_FLASHED.includes(name));
    return Object.fromEntries(fields);
  }

  flashAll(): this {
    return this.#flashFields(this.#fields());
  }

  flashOnly(keys: unknown): this {
    const fields = this.#fields();
    const named = asList(keys).map((key) => [key, read(fields, key)] as const);
    return this.#flashFields(Object.fromEntries(named.filter(([, value]) => value !== undefined)));
  }

  flashExcept(keys: unknown): this {
    const fields = this.#fields();
    for (const key of asList(keys)) remove(fields, key);
    return this.#flashFields(fields);
  }

  old(key: string, fallback?: unknown): unknown {
    const message = read(this.#before, key);
    return isMissing(message) && fallback !== undefined ? fallback : message;
  }

  get flashMessages() {
    return {
      get: (key: string, fallback?: unknown): unknown => this.old(key, fallback),
      has: (key: string): boolean => !isMissing(read(this.#before, key)),
      all: (): Values => this.#before,
      isEmpty: Object.keys(this.#before).length === 0,
    };
  }

  /** Nothing of a session that this request has ended. */
  get #before(): Values {
    return this.leavesNoWay || this.endIsStored ? {} : shown(this.previous);
  }

  protected checkWritable(): void {
    if (this.readonly) throw new Refused('SessionReadonlyError');
  }
}
