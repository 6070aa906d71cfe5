/** A message in the reference's store. Its text is its own: no two messages have the same, except copies. */
interface Entry {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  /** Whether it stays until a request reads it, and is shown in one list with others of its name. */
  readonly untilRead: boolean;
  /** The request that flashed it. */
  readonly by: RequestReference;
}

type Entries = readonly Entry[];

/** One operation on the stored messages; it may depend on whether the request uses messages up. */
type Operation = (entries: Entries, consumes: boolean) => Entries;

/**
 * The messages of a name as they are shown: later ones replace earlier ones, or are added to them if one of them
 * stays until it is read.
 */
function shownOf(entries: Entries, name: string): Entries {
  return entries
    .filter((entry) => entry.name === name)
    .reduce<Entries>((shown, entry) => (isList([...shown, entry]) ? [...shown, entry] : [entry]), []);
}

const isList = (shown: Entries): boolean => shown.some(({ untilRead }) => untilRead);

const valueOf = (shown: Entries): unknown => {
  const texts = shown.map(({ text }) => text);
  return isList(shown) ? texts : texts[0];
};

/** The flash messages of one session: what is stored, message by message. */
export class FlashReference {
  entries: Entries = [];
  #count = 0;

  constructor(readonly names: readonly string[]) {}

  made(name: string, text: string, untilRead: boolean, by: RequestReference): Entry {
    this.#count += 1;
    return { id: this.#count, name, text, untilRead, by };
  }

  /** What a request that begins now sees. */
  seen(): Record<string, unknown> {
    const shown = this.names.map((name) => [name, shownOf(this.entries, name)] as const);
    return Object.fromEntries(
      shown.filter(([, { length }]) => length > 0).map(([name, each]) => [name, valueOf(each)]),
    );
  }
}

/**
 * What docs/flash.md says about one request: its operations are performed on the newest messages when it
 * commits, and then those that it saw are used up.
 */
export class RequestReference {
  readonly #before: Entries;
  /** The stored messages when this request loaded or stored the session last. */
  #base: Entries;
  readonly #shown: Map<string, Entries>;
  /** What it removed or took of the messages from before. */
  readonly #gone = new Set<number>();
  /** The names whose messages from before stay until a later request reads them. */
  readonly #kept = new Set<string>();
  /** The names whose messages from before a commit of this request used up. */
  readonly #usedUp = new Set<string>();
  #wasRead = false;
  #pending: Operation[] = [];

  constructor(
    private readonly world: FlashReference,
    private readonly consumes: boolean,
  ) {
    this.#before = this.#base = world.entries;
    const shown = world.names.map((name) => [name, shownOf(world.entries, name)] as const);
    this.#shown = new Map(shown.filter(([, { length }]) => length > 0));
  }

  #isSeen(entry: Entry): boolean {
    return this.#before.some(({ id }) => id === entry.id);
  }

  #isConcerned(name: string, entry: Entry): boolean {
    return entry.name === name && (entry.by === this || this.#isSeen(entry));
  }

  #left(name: string): Entries {
    return shownOf(
      this.#before.filter(({ id }) => !this.#gone.has(id)),
      name,
    );
  }

  #own(name: string): Entries {
    const entries = this.#pending.reduce((stored, operation) => operation(stored, true), this.#base);
    return entries.filter((entry) => entry.by === this && entry.name === name);
  }

  #lose(name: string): void {
    for (const entry of this.#before) if (entry.name === name) this.#gone.add(entry.id);
  }

  get(name: string): unknown {
    const shown = this.#shown.get(name);
    if (shown === undefined) return undefined;
    this.#wasRead = true;
    // The last message of a list may be removed.
    return shown.length === 0 ? undefined : valueOf(shown);
  }

  #shownAt(name: string): Entries {
    return this.#shown.get(name) ?? [];
  }

  flash(name: string, text: string): void {
    const entry = this.world.made(name, text, false, this);
    this.#shown.set(name, [entry]);
    this.#pending.push((stored) => [...stored.filter((each) => !this.#isConcerned(name, each)), entry]);
  }

  now(name: string, text: string): void {
    this.#shown.set(name, [this.world.made(name, text, false, this)]);
  }

  /** `req.flash` with a message. */
  add(name: string, text: string): number {
    if (!this.#kept.has(name) && this.#left(name).length > 0) {
      if (this.#own(name).length === 0) this.#stay(name);
      else this.#replaceSeen(name);
    }
    const entry = this.world.made(name, text, true, this);
    this.#pending.push((stored) => [...this.#asList(stored, name), entry]);
    const list = [...this.#shownAt(name).map((each) => ({ ...each, untilRead: true })), entry];
    this.#shown.set(name, list);
    return list.length;
  }

  /** The list continues what this request flashed in place of the messages from before. */
  #replaceSeen(name: string): void {
    this.#lose(name);
    this.#pending.push((stored) => stored.filter((each) => each.name !== name || !this.#isSeen(each)));
  }

  #asList(stored: Entries, name: string): Entries {
    return stored.map((each) => (this.#isConcerned(name, each) ? { ...each, untilRead: true } : each));
  }

  /** Lets the messages of a name stay until they are read. If they are used up, they are flashed again. */
  #stay(name: string): void {
    if (this.#usedUp.has(name)) {
      const again = this.#left(name).map(({ text }) => this.world.made(name, text, true, this));
      this.#lose(name);
      this.#pending.push((stored) => [...stored, ...again]);
    } else {
      this.#kept.add(name);
      const shown = new Set(this.#left(name).map(({ id }) => id));
      const isHidden = (entry: Entry) => entry.name === name && this.#isSeen(entry) && !shown.has(entry.id);
      this.#pending.push((stored) => this.#asList(stored, name).filter((each) => !isHidden(each)));
    }
  }

  keep(name: string): void {
    const left = this.#left(name);
    const last = left.at(-1);
    if (last === undefined || this.#kept.has(name) || this.#own(name).length > 0) return;
    if (isList(this.#before.filter((entry) => entry.name === name))) {
      this.#stay(name);
      return;
    }
    const copy = this.world.made(name, last.text, false, this);
    this.#pending.push((stored) => [...stored, copy]);
  }

  reflash(): void {
    for (const name of this.world.names) this.keep(name);
  }

  /** `req.flash` without a message. */
  read(name: string): readonly string[] {
    const texts = this.#shownAt(name).map(({ text }) => text);
    if (texts.length > 0) this.#take(name);
    return texts;
  }

  readAll(): Record<string, readonly string[]> {
    const lists = this.world.names.map((name) => [name, this.read(name)] as const);
    return Object.fromEntries(lists.filter(([, { length }]) => length > 0));
  }

  pull(name: string): unknown {
    const value = this.get(name);
    if (value !== undefined) this.#take(name);
    return value;
  }

  /** What a request shows that uses nothing up, it leaves. */
  #take(name: string): void {
    this.#shown.delete(name);
    this.#lose(name);
    this.#pending.push((stored, consumes) =>
      stored.filter((each) => !this.#isConcerned(name, each) || (!consumes && this.#isSeen(each))),
    );
  }

  forget(name: string): void {
    this.#shown.delete(name);
    this.#lose(name);
    this.#pending.push((stored) => stored.filter((each) => !this.#isConcerned(name, each)));
  }

  /** Removes one message of a list. */
  forgetItem(name: string, index: number): void {
    const shown = this.#shownAt(name);
    const item = shown[index];
    if (item === undefined || !isList(shown)) return;
    this.#shown.set(
      name,
      // A list stays one.
      shown.filter((each) => each !== item).map((each) => ({ ...each, untilRead: true })),
    );
    for (const each of this.#before) if (each.text === item.text) this.#gone.add(each.id);
    this.#pending.push((stored) => stored.filter(({ text }) => text !== item.text));
  }

  commit(): void {
    const { world, consumes } = this;
    const stored = this.#pending.reduce((entries, operation) => operation(entries, consumes), world.entries);
    const stays = (entry: Entry): boolean =>
      !consumes ||
      !this.#isSeen(entry) ||
      (entry.untilRead && (!this.#wasRead || this.#kept.has(entry.name)));
    const left = stored.filter(stays);
    const isHeld = (entries: Entries, name: string): boolean =>
      entries.some((entry) => entry.name === name && this.#isSeen(entry));
    for (const name of world.names)
      if (isHeld(world.entries, name) && !isHeld(left, name)) this.#usedUp.add(name);
    world.entries = this.#base = left;
    this.#pending = [];
  }
}
