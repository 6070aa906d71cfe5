import { type Values, isKey, isPlainValues } from '../state/values.js';
import { nested } from './field-names.js';

/** The spelling in which field names are compared. */
export function fieldName(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '');
}

/** How deep the fields of a form may be nested; what lies deeper refills none. */
const MAX_DEPTH = 32;

/**
 * The fields of a posted form that may be shown again: a copy of the body without what is never flashed, however deep
 * it lies, and without what is nested absurdly deep. Text, numbers, booleans, null, lists and plain objects are copied;
 * files, streams, bytes and all else are left out and not reported, since a visitor sent them. What is no form (nothing,
 * text, bytes, a list) has no fields. Fields named `user[name]` are nested, as Express's parser nests them by itself.
 *
 * @param withheld gets the texts of what is never flashed, so that nothing else need hold them either
 */
export function formInput(
  body: unknown,
  isNeverFlashed: (field: string) => boolean,
  withheld?: Set<string>,
): Values {
  if (!isPlainValues(body)) return {};
  return nested(new FormCopy(isNeverFlashed, withheld).copyOf(body, 1));
}

/** The copying of one form. */
class FormCopy {
  readonly #isNeverFlashed: (field: string) => boolean;
  /** An object met a second time is not walked again: it may contain itself, or a thousand times the same. */
  readonly #met = new Set<object>();

  readonly #withheld: Set<string> | undefined;

  constructor(isNeverFlashed: (field: string) => boolean, withheld: Set<string> | undefined) {
    this.#isNeverFlashed = isNeverFlashed;
    this.#withheld = withheld;
  }

  copyOf(fields: Values, depth: number): Values {
    this.#met.add(fields);
    const input: Values = {};
    for (const [name, value] of Object.entries(fields)) {
      if (this.#isLeftOut(name)) {
        if (this.#withheld !== undefined) this.#withhold(unwrapped(value, name, value), depth);
        continue;
      }
      const cleaned = this.#clean(unwrapped(value, name, value), name, depth);
      if (cleaned !== undefined) input[name] = cleaned;
    }
    return input;
  }

  #isLeftOut(name: string): boolean {
    // A parser may have left `user[password]` as it was sent (Fastify's does).
    const segments = name.split(/[.[\]]+/);
    return (
      segments.some((segment) => !isKey(segment) || this.#isNeverFlashed(segment)) ||
      this.#isNeverFlashed(name)
    );
  }

  #withhold(value: unknown, depth: number): void {
    if (typeof value === 'string') this.#withheld?.add(value);
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH || this.#met.has(value)) return;
    this.#met.add(value);
    if (Array.isArray(value) || isPlainValues(value))
      for (const each of Object.values(value)) this.#withhold(each, depth + 1);
  }

  #clean(value: unknown, name: string, depth: number): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        // JSON can say 1e999.
        return Number.isFinite(value) ? value : undefined;
      case 'object':
        return value === null ? null : this.#cleanObject(value, name, depth + 1);
      default:
        return undefined;
    }
  }

  #cleanObject(value: object, name: string, depth: number): unknown {
    if (depth > MAX_DEPTH + 1 || this.#met.has(value)) return undefined;
    if (isPlainValues(value)) return this.copyOf(value, depth);
    if (!Array.isArray(value)) return undefined;
    this.#met.add(value);
    const items: unknown[] = [];
    for (const item of value as unknown[]) {
      const cleaned = this.#clean(unwrapped(item, name, value), name, depth);
      if (cleaned !== undefined) items.push(cleaned);
    }
    return items;
  }
}

/**
 * The value of a field that @fastify/multipart made an object of (`attachFieldsToBody: true`); nothing for a file. Such
 * an object has all fields of the form as `fields`, itself among them: nothing that a visitor sends looks like that.
 *
 * @param entry what stands under the name: the object, or the list of those that share the name
 */
function unwrapped(value: unknown, name: string, entry: unknown): unknown {
  if (!isPlainValues(value)) return value;
  const siblings = value['fields'];
  if (typeof siblings !== 'object' || siblings === null) return value;
  if (!Object.hasOwn(siblings, name) || Reflect.get(siblings, name) !== entry) return value;
  return value['type'] === 'file' ? undefined : value['value'];
}
