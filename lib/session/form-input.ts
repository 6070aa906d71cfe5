import { type Values, isKey, isPlainValues } from '../state/values.js';
import { fieldPath, nested } from './field-names.js';
import type { SessionHost } from './session-host.js';
import { noForm } from './wording.js';

/** Normalizes a field name for comparison. */
export function fieldName(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '');
}

/** How deep form fields may be nested; deeper ones are left out. */
const MAX_DEPTH = 32;

/**
 * Copies the fields of a posted form that may be shown again: without fields that are never flashed, at any
 * depth, and without fields nested too deep. Strings, numbers, booleans, null, lists and plain objects are
 * copied; files, streams, bytes and everything else are left out without an error, since a visitor sent them.
 * A body that is not a form (nothing, a string, bytes, a list) has no fields. Fields named `user[name]` are
 * nested, like Express's parser does.
 *
 * @param withheld receives the strings in fields that are never flashed, so that they can be masked elsewhere
 * too
 */
export function formInput(
  body: unknown,
  isNeverFlashed: (field: string) => boolean,
  withheld?: Set<string>,
): Values {
  if (!isPlainValues(body)) return {};
  return nested(new FormCopy(isNeverFlashed, withheld).copyOf(body, 1));
}

/**
 * `formInput` of a session's own request.
 *
 * @throws SessionError if there is no request: nobody could post a form
 */
export function inputOf(host: SessionHost, withheld?: Set<string>): Values {
  if (host.body === undefined) throw noForm();
  const body = host.body();
  if (body === undefined) host.reportUnparsedForm?.();
  return formInput(body, (field) => host.isNeverFlashed?.(field) ?? true, withheld);
}

/** Stands for any name or index in the path of a form field: `items.*.qty`. */
const ANY = '*';

/**
 * The paths of form fields, in a form that has them: one with `*` becomes the paths that match it.
 *
 * @param names of fields as in the form (`items[][qty]`), or dot paths
 */
export function fieldPaths(input: Values, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const path = fieldPath(name.replaceAll(/\[\](?=\[)/g, `[${ANY}]`));
    const segments = path.split('.');
    return segments.includes(ANY) ? pathsLike(segments, input) : [path];
  });
}

/** The paths below a value that match the segments. A field whose own name has dots counts as a path. */
function pathsLike(segments: readonly string[], value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, below]) => {
    const found = name.split('.');
    const isLike = found.every(
      (each, at) => at >= segments.length || [each, ANY].includes(segments[at] ?? ''),
    );
    if (!isLike) return [];
    const rest = segments.slice(found.length);
    if (rest.length === 0) return [found.slice(0, segments.length).join('.')];
    return pathsLike(rest, below).map((path) => `${name}.${path}`);
  });
}

/** Copies one form. */
class FormCopy {
  readonly #isNeverFlashed: (field: string) => boolean;
  /** Objects already visited are not walked again: they may contain themselves, or appear a thousand times. */
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
    // Some parsers leave `user[password]` as it was sent (Fastify's does).
    const segments = name.split(/[.[\]]+/);
    return (
      segments.some((segment) => !isKey(segment) || this.#isNeverFlashed(segment)) ||
      this.#isNeverFlashed(name)
    );
  }

  #withhold(value: unknown, depth: number): void {
    if (typeof value === 'string' || typeof value === 'number') this.#withheld?.add(String(value));
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
        // JSON can contain 1e999, which parses to Infinity.
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
 * The value of a field that @fastify/multipart wrapped in an object (`attachFieldsToBody: true`); undefined
 * for a file. Such an object has all fields of the form as `fields`, including itself: nothing that a visitor
 * sends looks like that.
 *
 * @param entry the value under the name: the object, or the list of objects that share the name
 */
function unwrapped(value: unknown, name: string, entry: unknown): unknown {
  if (!isPlainValues(value)) return value;
  const siblings = value['fields'];
  if (typeof siblings !== 'object' || siblings === null) return value;
  if (!Object.hasOwn(siblings, name) || Reflect.get(siblings, name) !== entry) return value;
  return value['type'] === 'file' ? undefined : value['value'];
}
