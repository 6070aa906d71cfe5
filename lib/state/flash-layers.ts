import { OwnCopy } from './own-copy.js';
import type { FlashBatch } from './payload.js';
import { PathTree, without } from './path-tree.js';
import { type Values, assertKey, cloneValue, isPlainValues, mergeInto, readPath } from './values.js';

/** What was flashed: messages, whose names the application chose, and fields of forms, whose names a visitor did. */
export interface Flashed {
  readonly messages: Values;
  readonly fields: Values;
}

/**
 * Messages over fields. They are read under one set of names, and kept apart, so that no field can stand in for a
 * message, whatever its name and whichever was flashed first.
 */
export class FlashLayers {
  readonly #messages: OwnCopy;
  #fields: OwnCopy;
  /** Fields kept from the previous request (`keep`): they stay whichever of flashAll/flashOnly/flashExcept is called last. */
  readonly #keptFields: OwnCopy;
  /** The paths that the application gave a message of its own: no field shows there, or below. */
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

  /** Empty layers for what is flashed from now on. What is claimed, and the fields that are kept, count in both. */
  nextLayers(): FlashLayers {
    return new FlashLayers(NOTHING, this.#keptFields, this.#claimed);
  }

  /** The messages alone. Not to be changed. */
  get messages(): Values {
    return this.#messages.values;
  }

  get isEmpty(): boolean {
    return this.#messages.isEmpty && this.#fields.isEmpty;
  }

  /** Whether any field shows, or is hidden in part only. */
  get hasFields(): boolean {
    return Object.keys(without(this.#fields.values, this.#claimed)).length > 0;
  }

  /** A message, or else a field, by its path; an object in both of which each has a part, as a copy of both parts. */
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

  /** All of it, as a plain object of its own. */
  all(): Values {
    return overlaid({ messages: this.#messages.values, fields: without(this.#fields.values, this.#claimed) });
  }

  /** Stores a message at a path, in place of what has that name as it is. */
  write(path: string, value: unknown): void {
    this.#removeLiteral(path);
    this.#messages.write(path, value);
    this.#claimed.add(path);
  }

  /** Stores a message under a name as it is, dots included, in place of what is at that path. */
  set(name: string, value: unknown): void {
    assertKey(name);
    this.removeMessage(name);
    this.#messages.set(name, value);
    this.#claimed.add(name);
  }

  /** Takes over what others flashed under a name or a path. */
  keep({ messages, fields }: Flashed, path: string): void {
    copyTo(this.#messages, messages, path);
    copyTo(this.#fields, fields, path);
    copyTo(this.#keptFields, fields, path);
  }

  /** The fields of this request's form, in place of those that were set before. */
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
   * Removes a message, the one of that name as it is and the one at that path: in which layers the two lie must make no
   * difference. What is claimed stays so.
   */
  removeMessage(path: string): void {
    this.#removeLiteral(path);
    this.#messages.remove(path);
  }

  #removeLiteral(path: string): void {
    if (path.includes('.') && Object.hasOwn(this.#messages.values, path)) this.#messages.remove(path);
  }

  /** What is there, for the store: it stays as it is, whatever is changed here from now on. */
  share(): Flashed {
    return {
      messages: this.#messages.share(),
      fields: without(this.#fields.share(), this.#claimed),
    };
  }
}

/** No message and no field. Shared: not to be changed. */
export const NOTHING: Flashed = { messages: {}, fields: {} };

/** What several batches say together: later ones win, and messages under one name (`errors.title`) stand side by side. */
export function joined(batches: readonly FlashBatch[]): Flashed {
  if (batches.length === 0) return NOTHING;
  return {
    messages: merged(batches.map(([, messages]) => messages)),
    fields: merged(batches.map(([, , fields]) => fields ?? {})),
  };
}

/** Messages and fields as one object: a field under a name, or at a path, at which there is a message, gives way. */
export function overlaid({ messages, fields }: Flashed): Values {
  const all: Values = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!name.includes('.') || readPath(messages, name) === undefined) {
      all[name] = Object.hasOwn(messages, name) ? cloneValue(field) : field;
    }
  }
  mergeInto(all, messages);
  return all;
}

function merged(several: readonly Values[]): Values {
  const [first = {}, ...others] = several.filter((values) => Object.keys(values).length > 0);
  if (others.length === 0) return first;
  const all = cloneValue(first);
  for (const values of others) mergeInto(all, cloneValue(values));
  return all;
}

function copyTo(target: OwnCopy, source: Values, path: string): void {
  const value = readPath(source, path);
  if (value === undefined) return;
  if (Object.hasOwn(source, path)) target.set(path, value);
  else target.write(path, value);
}
