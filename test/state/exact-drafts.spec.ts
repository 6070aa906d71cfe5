import { describe, expect, it } from 'vitest';
import { SessionValueError } from '../../lib/session.errors.js';
import { type Draft, SessionState } from '../../lib/state/session-state.js';
import { type Values } from '../../lib/state/values.js';

function begun(values: Values): SessionState {
  return loaded(JSON.stringify({ v: 1, n: 1, c: 0, d: values }));
}

function loaded(text: string): SessionState {
  return SessionState.loaded(JSON, parsed(text), text, true);
}

const parsed = (text: string) => JSON.parse(text) as Parameters<typeof SessionState.loaded>[1];

/** Drafts a state; the payload of an exact draft must equal its parsed text. */
function drafted(state: SessionState): Draft {
  const draft = state.draft('writer', undefined);
  if (draft.isExact) expect(draft.payload).toStrictEqual(JSON.parse(draft.text));
  return draft;
}

function attempt(act: () => unknown): void {
  expect(act).toThrow('not today');
}

describe('A draft that may be shared', () => {
  it('is not exact after an updater got an object and threw', () => {
    const state = begun({ cart: { lines: [] } });
    let kept: unknown;
    attempt(() => {
      state.update('cart', (cart) => {
        kept = cart;
        Reflect.set(Object(cart), 'since', new Date(0));
        throw new Error('not today');
      });
    });
    state.put('views', 1);
    expect(drafted(state).isExact).toBe(false);
    expect(state.read('cart')).toBe(kept);
  });

  it('is not exact after an updater got an object and kept it', () => {
    const state = begun({ user: { name: 'Ada' } });
    let kept: object = {};
    state.update('user', (user) => {
      kept = Object(user) as object;
      return user;
    });
    state.onStored(drafted(state));
    state.put('views', 1);
    const draft = drafted(state);
    Reflect.set(kept, 'name', 'Grace');
    expect(draft.isExact).toBe(false);
  });

  it('is not exact after an updater mutated an object and returned a promise', () => {
    const state = begun({ user: { name: 'Ada' } });
    expect(() => {
      state.update('user', async (user) => {
        Reflect.set(Object(user), 'born', undefined);
        return Promise.resolve(user);
      });
    }).toThrow(SessionValueError);
    state.put('views', 1);
    expect(drafted(state).isExact).toBe(false);
  });

  it.each([
    ['an infinite sum', 1e308, 1e308],
    ['minus infinity', -1e308, -1e308],
  ])('is refused if a merge turns an increment into %s', (_, by, others) => {
    const state = begun({});
    state.increment('count', by);
    const text = JSON.stringify({ v: 1, n: 2, c: 0, d: { count: others } });
    state.rebase(parsed(text), text);
    expect(() => state.draft('writer', undefined)).toThrow(
      'The session\'s value at "count" cannot be stored: ' + String(by + others) + ' would become null',
    );
  });

  it('is exact if a merge adds up ordinary numbers', () => {
    const state = begun({});
    state.increment('count', 1);
    const text = JSON.stringify({ v: 1, n: 2, c: 0, d: { count: 41 } });
    state.rebase(parsed(text), text);
    const draft = drafted(state);
    expect(draft.payload.d).toEqual({ count: 42 });
  });

  it('equals its text with keys in any order, numeric keys, lone surrogates and a key named __proto__', () => {
    const text = '{"v":1,"n":1,"c":0,"d":{"b":{"__proto__":{"x":1}},"__proto__":{"y":2},"2":"two"}}';
    const state = loaded(text);
    state.put('z', 'half \ud800');
    state.put('1', 'one');
    state.put('b', null);
    state.put('\udfff', true);
    state.forget('2');
    const { isExact, payload, text: written } = drafted(state);
    expect(isExact).toBe(true);
    expect(Object.keys(payload.d)).toEqual(Object.keys(parsed(written).d));
    expect(Object.getPrototypeOf(payload.d)).toBe(Object.prototype);
    // As does the request's own copy of it.
    state.onStored({ ...drafted(state) });
    expect(Object.entries(state.values)).toEqual(Object.entries(parsed(written).d));
  });

  it('is not exact with minus zero or undefined in it', () => {
    for (const value of [-0, undefined]) {
      const state = begun({ a: 1 });
      state.put('a', value);
      expect(drafted(state).isExact).toBe(false);
    }
  });

  it('is never exact with another serializer', () => {
    const serializer = { stringify: JSON.stringify, parse: JSON.parse };
    const state = SessionState.empty(serializer, 0);
    state.put('a', 1);
    expect(state.draft('writer', undefined).isExact).toBe(false);
  });

  it('shares no object with values that the same request hands out and changes after storing it', () => {
    const state = begun({ user: { name: 'Ada' }, list: [1] });
    const drafts: Draft[] = [];
    const texts: string[] = [];
    const acts: (() => void)[] = [
      () => state.put('views', 1),
      () => state.put('views', 2),
      () => state.put('user.name', 'Grace'),
      () => state.push('list', 2),
      () => state.put('list', null),
    ];
    for (const act of acts) {
      act();
      const draft = drafted(state);
      expect(draft.isExact).toBe(true);
      state.onStored(draft);
      expect(state.hasChanges).toBe(false);
      drafts.push(draft);
      texts.push(JSON.stringify(draft.payload));
    }
    Reflect.set(Object(state.read('user')), 'name', 'Mary');
    expect(state.hasChanges).toBe(true);
    for (const [index, draft] of drafts.entries()) expect(JSON.stringify(draft.payload)).toBe(texts[index]);
  });
});

describe('reset', () => {
  it('leaves the session as it was if a getter throws', () => {
    const state = begun({ name: 'Ada' });
    attempt(() => {
      state.reset({
        first: {},
        get second() {
          throw new Error('not today');
        },
      });
    });
    expect(state.values).toEqual({ name: 'Ada' });
    expect(state.hasChanges).toBe(false);
  });
});
