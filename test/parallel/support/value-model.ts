import { isDeepStrictEqual } from 'node:util';
import { addTo, clear, pushTo, putObjectAt, updateAt } from '../../../lib/state/changes.js';
import { isEmptyBranch, leafValuesOf } from '../../../lib/state/leaf-values.js';
import { type Values, readPath, removePath, writePath } from '../../../lib/state/values.js';
import { type RequestObjects, isPresent, mutate, plain, rememberedOf, updaterOf } from './value-objects.js';
import type { ValueStep } from './value-steps.js';

/** A change as the request would make it on what is stored, with function calls and objects of its own. */
interface Entry {
  readonly apply: (values: Values) => void;
  readonly path?: string;
  /** Whether it puts the top-level key `path`. */
  readonly assigns?: boolean;
  /** Whether it stands for a mutation in place. `by-alias`: for a change of an object that another path leads to, too. */
  readonly mutation?: 'itself' | 'by-alias';
}

interface Replaced {
  readonly key: string;
  readonly held: object;
  readonly before: unknown;
}

const isSame = (value: unknown, other: unknown): boolean => isDeepStrictEqual(plain(value), plain(other));

/** The values of one request as the documentation promises them, without any of the code that keeps the promise. */
export class ValueModel {
  /** The values that the request reads: its own objects. */
  view: Values;
  /** The values that were loaded or stored last. */
  base: Values;
  /** What is not stored yet. */
  entries: Entry[] = [];
  readonly #objects: RequestObjects;
  /** Objects that the request may hold, and that a merge has replaced. */
  #replaced: Replaced[] = [];
  #noted: Values = {};

  constructor(stored: Values, objects: RequestObjects) {
    this.view = plain(stored);
    this.base = plain(stored);
    this.#objects = objects;
  }

  reload(stored: Values): void {
    this.view = plain(stored);
    this.base = plain(stored);
    this.entries = [];
    this.#replaced = [];
  }

  /** What could be stored if the entries are performed on these values, each in its own way of reading the promise. */
  outcomesOn(newest: Values): (Values | Error)[] {
    const direct = (entries: readonly Entry[]) => entries.filter(({ mutation }) => mutation !== 'by-alias');
    const lasting = this.#lasting();
    return [this.entries, lasting, direct(this.entries), direct(lasting)].map((entries) => {
      try {
        return performed(entries, newest, this.view);
      } catch (error) {
        return error instanceof Error ? error : new Error('unknown', { cause: error });
      }
    });
  }

  /** The entries without mutations of which nothing is left. */
  #lasting(): Entry[] {
    const bare = plain(this.base);
    for (const entry of this.entries) {
      try {
        if (entry.mutation === undefined) entry.apply(bare);
      } catch {
        // It fits what was mutated only.
      }
    }
    return this.entries.filter(
      ({ mutation, path = '' }) => mutation === undefined || !isSame(bare[path], this.view[path]),
    );
  }

  /** The request goes on with merged values, and with its objects where nobody else changed them. */
  merged(merged: Values, newest: Values): void {
    const old = this.view;
    this.base = plain(newest);
    this.view = plain(merged);
    for (const [key, held] of Object.entries(old)) {
      if (typeof held !== 'object' || held === null) continue;
      if (isSame(held, merged[key])) this.view[key] = held;
      else this.#replaced.push({ key, held, before: plain(held) });
    }
  }

  /** Remembers the values, to notice what another request does to them (an object may be in both sessions). */
  note(): void {
    this.#noted = plain(this.view);
  }

  noticeOthers(): void {
    for (const key of Object.keys(this.view))
      if (!isSame(this.view[key], this.#noted[key])) this.#assign(key, this.view[key], 'itself');
  }

  /** A mutation of an object that a merge has replaced is a put before the next change. */
  adopt(): void {
    for (const each of this.#replaced) {
      if (isSame(each.held, each.before)) continue;
      this.#replaced = this.#replaced.filter((other) => other !== each);
      this.view[each.key] = each.held;
      this.#assign(each.key, each.held, 'itself');
    }
  }

  #assign(key: string, value: unknown, mutation?: Entry['mutation']): void {
    const kept = plain(value);
    const apply = (values: Values): void => {
      if (kept === undefined) delete values[key];
      else values[key] = plain(kept);
    };
    this.entries.push({ apply, path: key, assigns: true, ...(mutation === undefined ? {} : { mutation }) });
  }

  /** Performs a change on the view. What it does to other objects there counts as mutations in place. */
  #change(live: (values: Values) => void, entry?: Entry): void {
    if (entry?.path !== undefined) this.adopt();
    const expected = plain(this.view);
    const aliased = structuredClone(this.view);
    try {
      live(this.view);
      if (entry === undefined) return;
      entry.apply(expected);
      entry.apply(aliased);
      this.entries.push(entry);
    } finally {
      for (const key of new Set([...Object.keys(expected), ...Object.keys(this.view)])) {
        const value = this.view[key];
        if (isSame(value, expected[key])) continue;
        this.#assign(key, value, isSame(value, aliased[key]) ? 'by-alias' : 'itself');
      }
    }
  }

  /** Performs a change that depends on nothing but the values. */
  #both(apply: (values: Values) => void, path?: string): void {
    this.#change(apply, path === undefined ? { apply } : { apply, path });
  }

  #put(path: string, value: unknown): void {
    const kept = plain(value);
    this.#forgetReplaced(path);
    const apply = (values: Values): void => writePath(values, path, plain(kept));
    this.#change((values) => writePath(values, path, value), { apply, path });
  }

  #forgetReplaced(path: string): void {
    this.#replaced = this.#replaced.filter(({ key }) => key !== path);
  }

  perform(step: ValueStep, n: number): void {
    const objects = this.#objects;
    switch (step.op) {
      case 'put':
        return this.#put(step.path, objects.given(step.given, n));
      case 'assign': {
        const value = objects.given(step.given, n);
        this.#forgetReplaced(step.path);
        this.adopt();
        if (value === undefined) delete this.view[step.path];
        else this.view[step.path] = value;
        return this.#assign(step.path, value);
      }
      case 'push': {
        const value = objects.given(step.given, n);
        const kept = plain(value);
        const apply = (values: Values): void => pushTo(values, step.path, plain(kept));
        return this.#change((values) => pushTo(values, step.path, value), { apply, path: step.path });
      }
      case 'merge':
        return this.#merge(objects.givenAll(step.values, n));
      case 'reset': {
        const given = objects.givenAll(step.values, n);
        const kept = plain(given);
        this.#replaced = [];
        const reset = (values: Values, to: Values): void => {
          clear(values);
          Object.assign(values, to);
        };
        return this.#change((values) => reset(values, given), {
          apply: (values) => reset(values, plain(kept)),
        });
      }
      case 'increment':
        return this.#both((values) => void addTo(values, step.path, n), step.path);
      case 'pull':
      case 'forget':
        if (step.op === 'pull') objects.held = readPath(this.view, step.path);
        this.#forgetReplaced(step.path);
        return this.#both((values) => void removePath(values, step.path), step.path);
      case 'keepOnly':
        this.#replaced = this.#replaced.filter(({ key }) => key === step.path);
        return this.#both((values) => void clear(values, [step.path]));
      case 'flush':
        this.#replaced = [];
        return this.#both((values) => void clear(values));
      case 'update':
      case 'remember': {
        if (step.op === 'remember' && isPresent(readPath(this.view, step.path))) return;
        const make = step.op === 'update' ? updaterOf : rememberedOf;
        // An error of what `remember` calls comes before any change.
        make(step.returned, n);
        this.adopt();
        this.#forgetReplaced(step.path);
        return this.#both((values) => void updateAt(values, step.path, make(step.returned, n)), step.path);
      }
      case 'hold':
        objects.held = readPath(this.view, step.path);
        return;
      case 'mutate':
        return this.#change((values) => mutate(readPath(values, step.path), n, step.deep));
      case 'mutateHeld':
        return this.#change(() => mutate(objects.held, n, step.deep));
      case 'mutateOwn':
        return this.#change(() => mutate(objects.own, n, step.deep));
      case 'draft':
      case 'commit':
      case 'reload':
      // `ValuePlayer` does this.
    }
  }

  /** Nothing is written if one of the paths leads nowhere. */
  #merge(values: Values): void {
    const leaves = leafValuesOf(values);
    const trial = plain(this.view);
    for (const [path, value] of leaves) writePath(trial, path, plain(value));
    for (const [path, value] of leaves) {
      if (isEmptyBranch(value)) this.#both((all) => void putObjectAt(all, path), path);
      else this.#put(path, value);
    }
  }
}

/** The values after some changes. One that does not fit is left out if its key is put as a whole later. */
function performed(entries: readonly Entry[], newest: Values, view: Values): Values {
  const values = plain(newest);
  entries.forEach(({ apply, path }, index) => {
    try {
      apply(values);
    } catch (error) {
      const puts = entries.slice(index + 1).filter(({ assigns }) => assigns);
      const key = path === undefined || view[path] !== undefined ? path : path.split('.')[0];
      if (!puts.some((put) => put.path === key)) throw error;
    }
  });
  return plain(values);
}
