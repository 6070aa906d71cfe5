import type { Updater } from '../../../lib/state/changes.js';
import { type Values, isContainer } from '../../../lib/state/values.js';
import type { Given, Returned } from './value-steps.js';

/** The values have a cycle: nothing of them can be stored, and there is nothing to compare. */
export class Cyclic extends Error {}

/** A copy of what JSON keeps of a value. */
export function plain<T>(value: T): T;
export function plain(value: unknown): unknown {
  if (value === undefined) return undefined;
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (cause) {
    throw new Cyclic('The values have a cycle', { cause });
  }
}

/** Mutates an object in place. @param deep mutates an object in it instead, if there is one */
export function mutate(target: unknown, n: number, deep: boolean): void {
  if (!isContainer(target)) return;
  const inner = deep ? Object.values(target).find(isContainer) : undefined;
  if (inner !== undefined) mutate(inner, n, false);
  else if (Array.isArray(target)) target.push(n);
  else target['m'] = n;
}

/** An instance of a class that says itself how it is written, each time in another object. */
class Price {
  constructor(readonly n: number) {}

  toJSON(): object {
    return { n: this.n };
  }
}

/** The objects that the code of one request holds. */
export class RequestObjects {
  readonly own: object = { list: [], n: 0 };
  held: unknown = undefined;

  /** @param others the objects of the other requests */
  constructor(readonly others: readonly RequestObjects[] = []) {}

  given(given: Given, n: number): unknown {
    switch (given) {
      case 'number':
        return n;
      case 'object':
        return { n, in: { n }, list: [n] };
      case 'list':
        return [{ n }, n];
      case 'instance':
        return { price: new Price(n), list: [new Price(n)] };
      case 'undefined':
        return undefined;
      case 'own':
        return this.own;
      case 'held':
        return this.held;
      case 'foreign':
        return this.others.find(({ held }) => held !== undefined)?.held;
    }
  }

  givenAll(values: Readonly<Record<string, Given>>, n: number): Values {
    return Object.fromEntries(Object.entries(values).map(([key, given]) => [key, this.given(given, n)]));
  }
}

/** The function that code of an application gives to `update`, with the constant that it holds on to. */
export function updaterOf(returned: Returned, n: number): Updater {
  const constant = { n, list: [] };
  return (current) => {
    switch (returned) {
      case 'new':
        if (Array.isArray(current)) return [...(current as unknown[]), n];
        return isContainer(current) ? { ...current, u: n } : { u: n, was: current ?? null };
      case 'mutated':
        mutate(current, n, true);
        return isContainer(current) ? current : { u: n };
      case 'current':
        return current;
      case 'constant if missing':
        return current ?? constant;
      case 'constant':
        return constant;
      case 'around constant':
        return Array.isArray(current)
          ? [...(current as unknown[]), constant]
          : { in: constant, too: constant };
      case 'around current':
        return { list: [current ?? null], u: n };
      case 'undefined':
        return undefined;
      case 'undefined after mutating':
        mutate(current, n, false);
        return undefined;
      case 'error after mutating':
        mutate(current, n, false);
        throw new Error('An error of the application');
    }
  };
}

/** The function that `remember` gives to `update`. */
export function rememberedOf(returned: Returned, n: number): Updater {
  const made = updaterOf(returned, n)(undefined);
  return (current) => (isPresent(current) ? current : made);
}

export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
