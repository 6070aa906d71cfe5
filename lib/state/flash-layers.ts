import { OwnCopy, omit } from './own-copy.js';
import type { FlashBatch } from './payload.js';
import { PathTree, without } from './path-tree.js';
import { appended } from './unread-messages.js';
import { type Values, assertKey, isPlainValues, mergedWith, readPath } from './values.js';

/**
 * What was flashed: messages, whose names the application chose, and form fields, whose names a visitor
 * chose.
 */
export interface Flashed {
  readonly messages: Values;
  readonly fields: Values;
  /** The names of messages that stay until they are read. */
  readonly untilRead?: readonly string[];
}

/**
 * Messages layered over form fields. Both are read by the same names but kept apart, so that no field can
 * replace a message, whatever its name and whichever was flashed first.
 */
export class FlashLayers {
  readonly #messages: OwnCopy;
  #fields: OwnCopy;
  /** Fields kept from the previous request (`keep`): they stay whichever of flashAll/flashOnly/flashExcept is called last. */
  readonly #keptFields: OwnCopy;
  /** The paths where the application flashed a message: fields there, or below, are hidden. */
  readonly #claimed: PathTree;

  constructor(
    { messages, fields }: Flashed = NOTHING,
    keptFields = new OwnCopy(fields),
    claimed = new PathTree(),
  ) {
    this.#messages = new OwnCopy(messages);
    this.#fields = new OwnCopy(fields);
    this.#keptFields = keptFields;
    this.#claimed = claimed;
  }

  /** Empty layers for what is flashed from now on. Both share the claimed paths and the kept fields. */
  nextLayers(): FlashLayers {
    return new FlashLayers(NOTHING, this.#keptFields, this.#claimed);
  }

  /** The messages without fields. Must not be changed. */
  get messages(): Values {
    return this.#messages.values;
  }

  get isEmpty(): boolean {
    return this.#messages.isEmpty && this.#fields.isEmpty;
  }

  /** Whether any field is visible, at least in part. */
  get hasFields(): boolean {
    return Object.keys(without(this.#fields.values, this.#claimed)).length > 0;
  }

  /** The message at a path, or else the field. If both are objects, returns a copy of the two merged. */
  read(path: string): unknown {
    const message = readPath(this.#messages.values, path);
    const claimed = this.#claimed.find(path);
    if (claimed?.whole === true) return message;
    const found = readPath(this.#fields.values, path);
    const field = claimed !== null && isPlainValues(found) ? without(found, claimed) : found;
    if (message === undefined) return field;
    if (!isPlainValues(message) || !isPlainValues(field)) return message;
    return overlaid({ messages: message, fields: field });
  }

  /** All messages and visible fields, as a new plain object. */
  all(): Values {
    return overlaid({ messages: this.#messages.values, fields: without(this.#fields.values, this.#claimed) });
  }

  /** Stores a message at a path. Replaces a message that has the path as its literal name. */
  write(path: string, value: unknown): void {
    this.#removeLiteral(path);
    this.#messages.write(path, value);
    this.#claimed.add(path);
  }

  /** Makes way for a message of other layers at a path. */
  replace(path: string): void {
    this.removeMessage(path);
    this.#claimed.add(path);
  }

  /** Stores a message under a literal name, dots included. Replaces a message at that path. */
  set(name: string, value: unknown): void {
    assertKey(name);
    this.removeMessage(name);
    this.#messages.set(name, value);
    this.#claimed.add(name);
  }

  /** Adds to the messages under a literal name. What is there, or at that path, becomes a list first. */
  append(name: string, messages: readonly unknown[]): void {
    const list = appended(readPath(this.#messages.values, name), messages);
    if (list.length > 0) this.set(name, list);
  }

  /** Adds what others flashed under a name or at a path. */
  keep({ messages, fields }: Flashed, path: string): void {
    copyTo(this.#messages, messages, path);
    copyTo(this.#fields, fields, path);
    copyTo(this.#keptFields, fields, path);
  }

  /** Replaces the form fields of this request. */
  setFields(fields: Values): void {
    this.#fields = new OwnCopy({ ...this.#keptFields.values, ...fields });
  }

  dropFields(): void {
    this.#fields = new OwnCopy({});
  }

  remove(path: string): void {
    this.removeMessage(path);
    this.#fields.remove(path);
    this.#keptFields.remove(path);
    this.#claimed.delete(path);
  }

  /**
   * Removes a message, both under that literal name and at that path, so that it makes no difference which
   * layers hold the two. The path stays claimed.
   */
  removeMessage(path: string): void {
    this.#removeLiteral(path);
    this.#messages.remove(path);
  }

  #removeLiteral(path: string): void {
    if (path.includes('.') && Object.hasOwn(this.#messages.values, path)) this.#messages.remove(path);
  }

  /** The content for the store: later changes here do not affect it. */
  share(): Flashed {
    return {
      messages: this.#messages.share(),
      fields: without(this.#fields.share(), this.#claimed),
    };
  }
}

/** No messages and no fields. Shared: must not be changed. */
export const NOTHING: Flashed = { messages: {}, fields: {} };

/**
 * Joins several batches: later ones win, messages under one name (`errors.title`) are merged, and those that
 * stay until they are read are added to earlier ones.
 */
export function joined(batches: readonly FlashBatch[]): Flashed {
  return {
    messages: merged(batches.map(([, messages, , untilRead]) => [messages, untilRead])),
    fields: merged(batches.map(([, , fields = {}]) => [fields])),
    untilRead: batches.flatMap(([, , , untilRead = []]) => untilRead),
  };
}

/** Messages from before, replaced by later ones: only those that stay until they are read are added. */
export function renewed(before: Flashed, later: Flashed): Flashed {
  const messages = { ...before.messages, ...later.messages };
  for (const name of later.untilRead ?? [])
    messages[name] = appended(readPath(before.messages, name), later.messages[name]);
  return { messages, fields: { ...before.fields, ...later.fields } };
}

/** The batch with these messages and fields, as a list of one, or of none if there are none. */
export function batchOf(
  stamp: number,
  { messages, fields }: Flashed,
  untilRead: readonly string[],
): FlashBatch[] {
  const unread = untilRead.filter((name) => Object.hasOwn(messages, name));
  if (unread.length > 0) return [[stamp, messages, fields, unread]];
  if (Object.keys(fields).length > 0) return [[stamp, messages, fields]];
  return Object.keys(messages).length > 0 ? [[stamp, messages]] : [];
}

/** Messages and fields as one object. A field is dropped if there is a message under its name or at its path. */
export function overlaid({ messages, fields }: Flashed): Values {
  const visible: Values = {};
  for (const [name, field] of Object.entries(fields))
    if (!name.includes('.') || readPath(messages, name) === undefined) visible[name] = field;
  return mergedWith(visible, messages);
}

function merged(
  several: readonly (readonly [values: Values, untilRead?: readonly string[] | undefined])[],
): Values {
  const [first = [{}], ...others] = several.filter(([values]) => Object.keys(values).length > 0);
  let [all] = first;
  for (const [values, untilRead = []] of others) {
    const added = { ...values };
    for (const name of untilRead) {
      added[name] = appended(readPath(all, name), added[name]);
      all = omit(all, [name]);
    }
    all = mergedWith(all, added);
  }
  return all;
}

function copyTo(target: OwnCopy, source: Values, path: string): void {
  const value = readPath(source, path);
  if (value === undefined) return;
  if (Object.hasOwn(source, path)) target.set(path, value);
  else target.write(path, value);
}
