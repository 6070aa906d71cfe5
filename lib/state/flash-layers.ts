import { type Flashed, NOTHING, overlaid } from './flash-batches.js';
import { OwnCopy } from './own-copy.js';
import { PathTree, without } from './path-tree.js';
import { appended } from './unread-messages.js';
import { type Values, assertKey, isPlainValues, readPath } from './values.js';

/**
 * Messages layered over form fields. Both are read by the same names but kept apart, so that no field can
 * replace a message, whatever its name and whichever was flashed first.
 */
export class FlashLayers {
  readonly #messages: OwnCopy;
  #fields: OwnCopy;
  /** The names of messages that stay until they are read. Those that are no longer there do not count. */
  readonly #untilRead: Set<string>;
  /** Fields kept from the previous request (`keep`): they stay whichever of flashAll/flashOnly/flashExcept is called last. */
  readonly #keptFields: OwnCopy;
  /** The paths where the application flashed a message: fields there, or below, are hidden. */
  readonly #claimed: PathTree;

  constructor(
    { messages, fields, untilRead }: Flashed = NOTHING,
    keptFields = new OwnCopy(fields),
    claimed = new PathTree(),
  ) {
    this.#messages = new OwnCopy(messages);
    this.#fields = new OwnCopy(fields);
    this.#untilRead = new Set(untilRead);
    this.#keptFields = keptFields;
    this.#claimed = claimed;
  }

  /** Other layers of the same request. Both share the claimed paths and the kept fields. */
  beside(flashed = NOTHING): FlashLayers {
    return new FlashLayers(flashed, this.#keptFields, this.#claimed);
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

  /** Whether the messages of a name stay until they are read. */
  isUntilRead(name: string): boolean {
    return this.#untilRead.has(name) && Object.hasOwn(this.messages, name);
  }

  /** Whether there is a message or a field at a path. */
  has(path: string): boolean {
    return this.read(path) !== undefined;
  }

  /** The message at a path, or else the field. If both are objects, returns a copy of the two merged. */
  read(path: string): unknown {
    const message = readPath(this.messages, path);
    const field = this.#field(path);
    if (message === undefined) return field;
    if (!isPlainValues(message) || !isPlainValues(field)) return message;
    return overlaid({ messages: message, fields: field });
  }

  /** What is visible of the field at a path. */
  #field(path: string): unknown {
    const claimed = this.#claimed.find(path);
    if (claimed?.whole === true) return undefined;
    const field = readPath(this.#fields.values, path);
    return claimed !== null && isPlainValues(field) ? without(field, claimed) : field;
  }

  /** All messages and visible fields, as a new plain object. */
  all(): Values {
    return overlaid({ messages: this.messages, fields: without(this.#fields.values, this.#claimed) });
  }

  /** Stores a message at a path. Replaces a message that has the path as its literal name. */
  write(path: string, value: unknown): void {
    this.#removeLiteral(path);
    this.#untilRead.delete(path);
    this.#messages.write(path, value);
    this.#claimed.add(path);
  }

  /** Makes way for a message of other layers at a path. */
  replace(path: string): void {
    this.#removeMessage(path);
    this.#claimed.add(path);
  }

  /**
   * Adds to the messages under a literal name, dots included, which stay until they are read. What is there, or
   * at that path, becomes a list first.
   */
  append(name: string, messages: readonly unknown[] = []): void {
    assertKey(name);
    const list = appended(readPath(this.messages, name), messages);
    this.replace(name);
    if (list.length === 0) return;
    this.#messages.set(name, list);
    this.#untilRead.add(name);
  }

  /** Adds what other layers have under a name or at a path, unless something else is in its place here. */
  keep(other: FlashLayers, path: string): void {
    // Shared, so that later changes of the other layers do not affect what is kept here.
    const messages = other.#messages.share();
    const fields = other.#fields.share();
    const field = other.#field(path);
    putInPlace(this.#messages, path, readPath(messages, path), Object.hasOwn(messages, path));
    putInPlace(this.#fields, path, field, Object.hasOwn(fields, path));
    putInPlace(this.#keptFields, path, field, Object.hasOwn(fields, path));
  }

  /** Replaces the form fields of this request. */
  setFields(fields: Values): void {
    this.#fields = new OwnCopy({ ...this.#keptFields.values, ...fields });
  }

  dropFields(): void {
    this.#fields = new OwnCopy({});
  }

  /** Removes a message or field, both under that literal name and at that path. */
  remove(path: string): void {
    this.#removeMessage(path);
    this.#fields.remove(path);
    this.#keptFields.remove(path);
    this.#claimed.delete(path);
  }

  /** It makes no difference which layers hold the literal name and which the path. */
  #removeMessage(path: string): void {
    this.#removeLiteral(path);
    this.#messages.remove(path);
    this.#untilRead.delete(path);
  }

  #removeLiteral(path: string): void {
    if (path.includes('.') && Object.hasOwn(this.messages, path)) this.#messages.remove(path);
  }

  /** The content for the store: later changes here do not affect it. */
  share(): Flashed {
    return {
      messages: this.#messages.share(),
      fields: without(this.#fields.share(), this.#claimed),
      untilRead: [...this.#untilRead],
    };
  }
}

function putInPlace(target: OwnCopy, path: string, value: unknown, isLiteral: boolean): void {
  if (value === undefined) return;
  if (isLiteral) target.set(path, value);
  else if (hasPlace(target.values, path)) target.write(path, value);
}

/** Whether nothing but plain objects is on the way to a path. */
function hasPlace(values: Values, path: string): boolean {
  const segments = path.split('.').slice(0, -1);
  const onTheWay = segments.map((_, index) => readPath(values, segments.slice(0, index + 1).join('.')));
  return onTheWay.every((value) => value === undefined || isPlainValues(value));
}
