import { isDeepStrictEqual } from 'node:util';
import type { WriteKind } from './socket-history.js';

export type Values = Readonly<Record<string, unknown>>;

/** A change with the unique text that it stores. */
export interface Change {
  readonly kind: WriteKind;
  readonly tag: string;
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const inside = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

/** The keys of the changes that are put under a key of their own. */
export const ownKey = (tag: string): string => `own ${tag}`;
export const flashKey = (tag: string): string => `flash ${tag}`;
export const isFlashKey = (key: string): boolean => key.startsWith('flash ');

/**
 * What is wrong with values that somebody has found, as far as the model can tell.
 *
 * @param base what was stored before the changes
 * @param certain changes that have to be found
 * @param possible changes that may be found, or not yet
 */
export function wrongIn(
  found: Values,
  base: Values,
  certain: readonly Change[],
  possible: readonly Change[],
): string[] {
  const wrong: string[] = [];
  const tags = (changes: readonly Change[], ...kinds: WriteKind[]): string[] =>
    changes.filter(({ kind }) => kinds.includes(kind)).map(({ tag }) => tag);

  const extended = (what: string, now: unknown[], before: unknown[], kind: WriteKind): void => {
    const added = now.slice(before.length);
    if (!isDeepStrictEqual(now.slice(0, before.length), before))
      wrong.push(`${what}: lost ${String(before)}`);
    if (new Set(added).size < added.length) wrong.push(`${what}: doubled in ${String(added)}`);
    const [due, allowed] = [tags(certain, kind), tags([...certain, ...possible], kind)];
    for (const tag of due) if (!added.includes(tag)) wrong.push(`${what}: lost ${tag}`);
    for (const tag of added) if (!allowed.includes(String(tag))) wrong.push(`${what}: has ${String(tag)}`);
  };
  extended('list', listOf(found['list']), listOf(base['list']), 'push');
  extended(
    'cart.lines',
    listOf(inside(found['cart'], 'lines')),
    listOf(inside(base['cart'], 'lines')),
    'push inside',
  );
  const log = (values: Values): string[] => textOf(values['log']).split(';').slice(0, -1);
  extended('log', log(found), log(base), 'update');

  const counted = Number(found['count'] ?? 0) - Number(base['count'] ?? 0);
  const [least, more] = [tags(certain, 'increment').length, tags(possible, 'increment').length];
  if (counted < least || counted > least + more)
    wrong.push(`count: ${counted} of ${least} to ${least + more}`);

  const latest = (what: string, now: unknown, before: unknown, kind: WriteKind): void => {
    const due = tags(certain, kind);
    const candidates: unknown[] = [...due, ...tags(possible, kind), ...(due.length > 0 ? [] : [before])];
    if (!candidates.includes(now)) wrong.push(`${what}: ${String(now)}, not one of ${candidates.join()}`);
  };
  latest('last', found['last'], base['last'], 'put');
  latest('box', inside(found['box'], 'last'), inside(base['box'], 'last'), 'mutate');

  const owned = (values: Values): string[] => Object.keys(values).filter((key) => key.startsWith('own '));
  const [due, allowed] = [
    [...owned(base), ...tags(certain, 'put own').map(ownKey)],
    tags(possible, 'put own').map(ownKey),
  ];
  for (const key of due) if (!(key in found)) wrong.push(`lost ${key}`);
  for (const key of owned(found)) if (!due.includes(key) && !allowed.includes(key)) wrong.push(`has ${key}`);

  for (const key of ['owner', 'userId'])
    if (found[key] !== base[key]) wrong.push(`${key}: ${String(found[key])}, not ${String(base[key])}`);
  return wrong;
}

/** Flash messages of one session, and who has seen them. */
export class ExpectedFlash {
  #pending = new Set<string>();
  #optional = new Set<string>();
  #shown = new Set<string>();

  /**
   * What is wrong with the messages that the requests of one round have seen.
   *
   * @param seen what each request has seen
   * @param flashed in this round
   * @param isCertain whether the session surely got what was flashed in this round
   */
  round(seen: readonly (readonly string[])[], flashed: readonly string[], isCertain: boolean): string[] {
    const wrong: string[] = [];
    const all = new Set(seen.flat());
    for (const key of all) {
      if (this.#shown.has(key)) wrong.push(`${key} was shown again`);
      else if (!this.#pending.has(key) && !this.#optional.has(key) && !flashed.includes(key))
        wrong.push(`${key} is no message of this session`);
    }
    if (seen.length > 0) {
      for (const key of this.#pending) if (!all.has(key)) wrong.push(`${key} was used up unseen`);
      this.#shown = new Set([...this.#shown, ...this.#pending, ...this.#optional]);
      [this.#pending, this.#optional] = [new Set(), new Set()];
    }
    this.#shown = new Set([...this.#shown, ...all]);
    for (const key of flashed) if (!all.has(key)) (isCertain ? this.#pending : this.#optional).add(key);
    return wrong;
  }
}
