import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionValueError } from '../../lib/session.errors.js';
import type { ParsedPayload } from '../../lib/state/payload.js';
import { parseRecord, parseSealed, rememberRecord } from '../../lib/state/recent-payloads.js';
import { SessionState } from '../../lib/state/session-state.js';

let versions = 0;

/** The version under which a text was stored. */
const versionOf = new Map<string, number>();

/** The remembered payload of a text, read as a record of an id with several versions and as a token. */
function remembered(text: string): ParsedPayload {
  const version = versionOf.get(text) ?? (versions += 1);
  versionOf.set(text, version);
  const token = { payload: text };
  const reads = [1, 2, 3].map(() => [
    parseRecord('id', { payload: text, version }, JSON),
    parseSealed(token, JSON),
  ]);
  for (const [asRecord, asToken] of reads) expect(asRecord).toEqual(asToken);
  const [record] = reads.at(-1) ?? [];
  if (record === undefined) throw new Error('It was read.');
  return record;
}

/** The state of a request that has just loaded a text that another one stored. */
function load(text: string): SessionState {
  const parsed = remembered(text);
  if (parsed.kind !== 'session') throw new Error('not a session');
  return SessionState.loaded(JSON, parsed.payload, text, true);
}

let writes = 0;

/** @param meanwhile runs while the write is pending */
function store(state: SessionState, meanwhile: () => void = () => undefined): string {
  const draft = state.draft(`writer ${(writes += 1)}`.padEnd(30, '.'), undefined);
  meanwhile();
  versionOf.set(draft.text, (versions += 1));
  rememberRecord('id', versions, draft);
  state.onStored(draft);
  return draft.text;
}

function storeIfPossible(state: SessionState, meanwhile: () => void): string | undefined {
  try {
    return store(state, meanwhile);
  } catch (error) {
    expect(error).toBeInstanceOf(SessionValueError);
    return undefined;
  }
}

const paths = fc.constantFrom('a', 'b', 'a.b', 'a.b.c', 'list', 'list.0', 'list.1', 'dotted.name');
const plain = fc.constantFrom<unknown>(1, 0, -0, '', 'text', true, null, undefined, 1.5);
const values = fc.oneof(plain, fc.constantFrom<unknown>({ b: { c: 1 } }, [1, [2]], {}, []));

type Step = (state: SessionState) => void;

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(paths, values).map(([path, value]): Step => (state) => {
    state.put(path, structuredClone(value));
  }),
  fc.tuple(paths, plain).map(([path, value]): Step => (state) => {
    state.push(path, value);
  }),
  fc.tuple(paths, fc.constantFrom(1, -1, 0)).map(([path, by]): Step => (state) => {
    state.increment(path, by);
  }),
  paths.map((path): Step => (state) => {
    state.forget(path);
  }),
  fc.tuple(paths, plain).map(([path, value]): Step => (state) => {
    state.update(path, () => value);
  }),
  fc.tuple(paths, plain).map(([path, value]): Step => (state) => {
    const held = state.read(path);
    if (typeof held === 'object' && held !== null && !Array.isArray(held))
      Reflect.set(held, 'mutated', value);
  }),
  fc.tuple(paths, plain).map(([path, value]): Step => (state) => {
    state.update(path, (held) => {
      if (typeof held === 'object' && held !== null && !Array.isArray(held))
        Reflect.set(held, 'mutated', value);
      throw new Error('not today');
    });
  }),
  fc.constant<Step>((state) => {
    state.flush();
  }),
);

const some = fc.array(steps, { maxLength: 4 });

function perform(state: SessionState, step: Step): void {
  try {
    step(state);
  } catch {
    // A step that does not fit (a push to something other than a list) changes nothing.
  }
}

describe('A remembered payload', () => {
  it('equals its parsed text, whatever was done to the session before and after', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(some, some), { maxLength: 6 }), (rounds) => {
        let state = SessionState.empty(JSON, 0);
        const texts: string[] = [];
        rounds.forEach(([before, meanwhile], index) => {
          const performAll = (round: readonly Step[]): void => {
            for (const step of round) perform(state, step);
          };
          performAll(before);
          // A state that cannot be stored (undefined in a list) is abandoned with its request.
          const text = state.hasChanges ? storeIfPossible(state, () => performAll(meanwhile)) : null;
          if (text === undefined) state = SessionState.empty(JSON, 0);
          else if (text !== null) texts.push(text);
          // Every second round continues in the same request, the others in one that loads the session.
          const latest = texts.at(-1);
          if (index % 2 === 1 && latest !== undefined) state = load(latest);
        });
        for (const text of texts) {
          const parsed = remembered(text);
          expect(parsed).toStrictEqual({ kind: 'session', payload: JSON.parse(text) as unknown });
        }
      }),
    );
  });

  it('is the same object on every read', () => {
    const state = SessionState.empty(JSON, 0);
    state.put('name', 'Ada');
    const text = store(state);
    const [first, second] = [remembered(text), remembered(text)];
    if (first.kind !== 'session' || second.kind !== 'session') throw new Error('not a session');
    expect(second.payload).toBe(first.payload);
  });

  it('is not mixed up with that of another application in the process under the same id and version', () => {
    const texts = ['Ada', 'Grace'].map((name) => {
      const state = SessionState.empty(JSON, 0);
      state.put('name', name);
      return store(state);
    });
    for (const text of [...texts, ...texts, ...texts]) {
      expect(parseRecord('one of two', { payload: text, version: 1 }, JSON)).toEqual({
        kind: 'session',
        payload: JSON.parse(text) as unknown,
      });
    }
  });

  it('is the stored draft itself if that equals its parsed text', () => {
    const state = SessionState.empty(JSON, 0);
    state.put('name', 'Ada');
    const text = store(state);
    const stored = load(text).readonlyValues;
    state.put('name', 'Grace');
    expect(state.readonlyValues).not.toBe(stored);
    expect(load(text).readonlyValues).toBe(stored);
    // An object of the application can be of any kind, and may be changed by it.
    state.put('user', { born: new Date(0) });
    const other = store(state);
    expect(load(other).readonlyValues).toEqual({ name: 'Grace', user: { born: '1970-01-01T00:00:00.000Z' } });
  });

  it('cannot be changed by a request that uses it', () => {
    const begun = SessionState.empty(JSON, 0);
    begun.put('user.name', 'Ada');
    const text = store(begun);
    const first = load(text);
    const second = load(text);
    expect(first.read('user')).not.toBe(second.read('user'));
    const user = first.read('user') as { name: string };
    user.name = 'Grace';
    expect(first.hasChanges).toBe(true);
    expect(second.read('user.name')).toBe('Ada');
    expect(second.hasChanges).toBe(false);
    second.put('user.name', 'Mary');
    expect(load(text).read('user')).toEqual({ name: 'Ada' });
  });

  it('shares no object with a session that continues while it is first stored', () => {
    const state = SessionState.empty(JSON, 0);
    state.put('user.name', 'Ada');
    const draft = state.draft('writer of the first version...', undefined);
    state.put('user.age', 36);
    Reflect.set(state.read('user') as object, 'name', 'Grace');
    state.onStored(draft);
    expect(state.hasChanges).toBe(true);
    expect(load(draft.text).read('user')).toEqual({ name: 'Ada' });
    expect(load(store(state)).read('user')).toEqual({ name: 'Grace', age: 36 });
  });

  it('shares no object with a session that a merge leaves unchanged', () => {
    const begun = SessionState.empty(JSON, 0);
    begun.put('user.name', 'Ada');
    const text = store(begun);
    const [first, second] = [load(text), load(text)];
    // The request hands out an object of its own, such as a flash message, and none of the values.
    second.track({});
    first.put('views', 1);
    const newest = store(first);
    const parsed = remembered(newest);
    if (parsed.kind !== 'session') throw new Error('not a session');
    second.rebase(parsed.payload, newest);
    Reflect.set(second.read('user') as object, 'name', 'Grace');
    expect(load(text).read('user')).toEqual({ name: 'Ada' });
    expect(load(newest).read('user')).toEqual({ name: 'Ada' });
  });

  it('is not changed by writes during or after its way to the store', () => {
    const state = SessionState.empty(JSON, 0);
    state.put('views', 1);
    const draft = state.draft('writer', undefined);
    state.put('views', 2);
    state.onStored(draft);
    expect(state.hasChanges).toBe(true);
    expect(state.read('views')).toBe(2);
    expect(load(draft.text).read('views')).toBe(1);
    expect(load(store(state)).read('views')).toBe(2);
  });

  it('is not affected by mutations of an object handed out during the first write', () => {
    const state = SessionState.empty(JSON, 0);
    state.push('cart', 'tea');
    const cart: unknown[] = [];
    const text = store(state, () => {
      cart.push(state.read('cart'));
    });
    expect(state.hasChanges).toBe(false);
    Reflect.set(Object(cart[0]), 1, 'mug');
    expect(state.hasChanges).toBe(true);
    expect(load(text).read('cart')).toEqual(['tea']);
    expect(load(store(state)).read('cart')).toEqual(['tea', 'mug']);
  });
});
