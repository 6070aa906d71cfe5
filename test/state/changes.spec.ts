import fc from 'fast-check';
import superjson from 'superjson';
import { describe, expect, it } from 'vitest';
import { SessionValueError } from '../../lib/session.errors.js';
import {
  PAYLOAD_FORMAT,
  type Payload,
  type SessionSerializer,
  parsePayload,
} from '../../lib/state/payload.js';
import { SessionState } from '../../lib/state/session-state.js';
import { type Values, readPath } from '../../lib/state/values.js';

/** The state of a request that has loaded these values. */
function load(values: Values, version = 1): SessionState {
  const payload: Payload = { v: PAYLOAD_FORMAT, n: version, c: 0, d: values };
  return loadText(JSON.stringify(payload));
}

function loadText(text: string): SessionState {
  return SessionState.loaded(JSON, payloadOf(text), text, true);
}

function payloadOf(text: string): Payload {
  const parsed = parsePayload(text, JSON);
  if (parsed.kind !== 'session') throw new Error('No payload of a session.');
  return parsed.payload;
}

/** Stores a state and returns the stored text. */
function commit(state: SessionState): string {
  const draft = state.draft('w', undefined);
  state.onStored(draft);
  return draft.text;
}

/** The stored values after two requests that loaded the same values; the second finds the first one's record. */
function inParallel(
  values: Values,
  first: (state: SessionState) => void,
  second: (state: SessionState) => void,
): Values {
  const [one, two] = [load(values), load(values)];
  first(one);
  second(two);
  const text = commit(one);
  two.rebase(payloadOf(text), text);
  return payloadOf(commit(two)).d;
}

describe('changes of two requests', () => {
  it('are all stored if they concern different keys', () => {
    const kept = inParallel(
      { user: { name: 'Ada' } },
      (state) => state.put('user.age', 36),
      (state) => state.put('user.city', 'London'),
    );
    expect(kept).toEqual({ user: { name: 'Ada', age: 36, city: 'London' } });
  });

  it('add up if they are increments', () => {
    const kept = inParallel(
      { views: 10 },
      (state) => state.increment('views', 3),
      (state) => state.increment('views', -1),
    );
    expect(kept).toEqual({ views: 12 });
  });

  it('are appended one after the other if they push', () => {
    const kept = inParallel(
      {},
      (state) => state.push('cart', 'tea'),
      (state) => state.push('cart', 'milk'),
    );
    expect(kept).toEqual({ cart: ['tea', 'milk'] });
  });

  it('run an updater again on the newest value', () => {
    const seen: unknown[] = [];
    const kept = inParallel(
      { cart: ['tea'] },
      (state) => state.push('cart', 'milk'),
      (state) =>
        state.update('cart', (cart) => (seen.push(cart), Array.isArray(cart) ? cart.toReversed() : cart)),
    );
    expect(seen).toEqual([['tea'], ['tea', 'milk']]);
    expect(kept).toEqual({ cart: ['milk', 'tea'] });
  });

  it('are made once in an object that an updater returns each time it runs', () => {
    const other = (state: SessionState) => state.put('theme', 'dark');
    const empty: string[] = [];
    const begun = inParallel({}, other, (state) => {
      state.update('cart', (cart) => cart ?? empty);
      state.push('cart', 'tea');
    });
    expect(begun).toEqual({ theme: 'dark', cart: ['tea'] });
    const line = { sku: 'tea', notes: [] };
    const added = inParallel({ cart: [] }, other, (state) => {
      state.update('cart', (cart) => [...(Array.isArray(cart) ? cart : []), line]);
      state.increment('cart.0.quantity', 2);
      state.push('cart.0.notes', 'gift');
      state.update('cart', (cart) => cart);
    });
    expect(added).toEqual({ theme: 'dark', cart: [{ sku: 'tea', quantity: 2, notes: ['gift'] }] });
  });

  it('are made once in such an object, however often other requests write first', () => {
    const empty: string[] = [];
    const state = load({});
    state.update('cart', (cart) => cart ?? empty);
    state.push('cart', 'tea');
    for (let version = 2; version < 5; version += 1) {
      const text = commit(load({ version }, version));
      state.rebase(payloadOf(text), text);
    }
    expect(payloadOf(commit(state)).d).toEqual({ version: 4, cart: ['tea'] });
  });

  it('include a mutation of such an object', () => {
    const line = { sku: 'tea', quantity: 1 };
    const kept = inParallel(
      {},
      (state) => state.put('theme', 'dark'),
      (state) => {
        state.update('cart', () => [line]);
        line.quantity = 5;
      },
    );
    expect(kept).toEqual({ theme: 'dark', cart: [{ sku: 'tea', quantity: 5 }] });
  });

  it('include a mutation of an object under two keys, of which a function then updates a part of one', () => {
    const cart = { lines: ['tea'] };
    const kept = inParallel(
      {},
      (state) => state.put('theme', 'dark'),
      (state) => {
        state.reset({ cart, latest: cart });
        cart.lines.push('milk');
        state.update('cart.lines', (lines) => [...(Array.isArray(lines) ? lines : []), 'mug']);
      },
    );
    const lines = ['tea', 'milk', 'mug'];
    expect(kept).toEqual({ cart: { lines }, latest: { lines } });
  });

  it('include no mutation of which the request itself has left nothing', () => {
    const kept = inParallel(
      { cart: { lines: ['tea'] } },
      (state) => state.put('cart.coupon', 'SPRING'),
      (state) => {
        const lines = state.read('cart.lines');
        if (Array.isArray(lines)) lines.push('milk');
        state.update('cart.lines', (current) => current);
        state.forget('cart.lines');
      },
    );
    expect(kept).toEqual({ cart: { coupon: 'SPRING' } });
  });

  it('are refused if they no longer fit a key whose name begins like a path that was mutated', () => {
    expect(() =>
      inParallel(
        { 'cart.count': 1, cart: { lines: ['tea'] } },
        (state) => state.put('cart.count', 'many'),
        (state) => {
          state.increment('cart.count', 1);
          const lines = state.read('cart.lines');
          if (Array.isArray(lines)) lines.push('milk');
        },
      ),
    ).toThrow('Cannot increment "cart.count"');
  });

  class Cart {
    count = 0;
    readonly lines: string[] = [];
  }

  it.each<[how: string, path: string, store: (state: SessionState) => void]>([
    ['put', 'cart', (state) => state.put('cart', new Cart())],
    ['assigned', 'cart', (state) => state.assign('cart', new Cart())],
    ['put inside an object', 'shop.carts.0', (state) => state.put('shop', { carts: [new Cart()] })],
    ['pushed', 'carts.0', (state) => state.push('carts', new Cart())],
    ['merged', 'shop.cart', (state) => state.merge({ shop: { cart: new Cart() } })],
    ['returned by an updater', 'cart', (state) => state.update('cart', () => new Cart())],
  ])('are made once in an instance of a class that was %s', (_how, path, store) => {
    const kept = inParallel(
      {},
      (state) => state.put('theme', 'dark'),
      (state) => {
        store(state);
        state.increment(`${path}.count`, 1);
        state.push(`${path}.lines`, 'tea');
      },
    );
    expect(readPath(kept, path)).toEqual({ count: 1, lines: ['tea'] });
  });

  it('are made once in a date, a Map and a Set that a serializer keeps and the request itself has stored', () => {
    const serializer: SessionSerializer = { stringify: superjson.stringify, parse: superjson.parse };
    const text = serializer.stringify({ v: PAYLOAD_FORMAT, n: 1, c: 0, d: {} });
    const parsed = parsePayload(text, serializer);
    if (parsed.kind !== 'session') throw new Error('No payload of a session.');
    const state = SessionState.loaded(serializer, parsed.payload, text, true);
    state.put('times', { last: new Date(5), counts: new Map([['tea', 1]]), seen: new Set([1]) });
    const later = (given: unknown): unknown => {
      if (given instanceof Date) given.setTime(given.getTime() + 1);
      if (given instanceof Map) given.set('tea', Number(given.get('tea')) + 1);
      if (given instanceof Set) given.add(given.size + 1);
      return given;
    };
    for (const name of ['last', 'counts', 'seen']) state.update(`times.${name}`, later);
    state.rebase(parsed.payload, text);
    const times = { last: new Date(6), counts: new Map([['tea', 2]]), seen: new Set([1, 2]) };
    expect(state.draft('w', undefined).payload.d).toEqual({ times });
  });

  it('remove a forgotten key, even if the other request stored it meanwhile', () => {
    const kept = inParallel(
      { kept: 1 },
      (state) => state.put('token', 'x'),
      (state) => {
        state.put('a', 1);
        state.forget('token');
      },
    );
    expect(kept).toEqual({ kept: 1, a: 1 });
  });

  it('leave nothing of the first when the second flushes or resets', () => {
    const put = (state: SessionState) => state.put('a', 1);
    expect(inParallel({ b: 2 }, put, (state) => state.flush())).toEqual({});
    expect(inParallel({ b: 2 }, put, (state) => state.reset({ c: 3 }))).toEqual({ c: 3 });
  });

  it('keep the later one if both put the same key', () => {
    const put = (value: string) => (state: SessionState) => state.put('theme', value);
    expect(inParallel({}, put('dark'), put('light'))).toEqual({ theme: 'light' });
  });

  it('are refused with the key if they no longer fit', () => {
    expect(() =>
      inParallel(
        { cart: ['tea'] },
        (state) => state.put('cart', 'none'),
        (state) => state.push('cart', 'milk'),
      ),
    ).toThrow(/"cart"/);
    expect(() =>
      inParallel(
        {},
        (state) => state.put('views', 'many'),
        (state) => state.increment('views', 1),
      ),
    ).toThrow(SessionValueError);
  });

  it('include mutations made after a put and before the commit', () => {
    const line = { sku: 'tea' };
    const state = load({});
    state.put('line', line);
    line.sku = 'milk';
    expect(payloadOf(commit(state)).d).toEqual({ line: { sku: 'milk' } });
  });

  type Step = (state: SessionState) => void;
  const key = fc.constantFrom('a', 'b', 'n.x', 'n.y');
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(key, fc.jsonValue({ maxDepth: 1 })).map(
      ([path, value]): Step =>
        (state) =>
          state.put(path, value),
    ),
    fc
      .tuple(fc.constantFrom('count', 'm.count'), fc.integer({ min: -5, max: 5 }))
      .map(([path, by]): Step => (state) => {
        state.increment(path, by);
      }),
    fc.tuple(fc.constantFrom('list', 'm.list'), fc.integer()).map(
      ([path, value]): Step =>
        (state) =>
          state.push(path, value),
    ),
    fc.constantFrom('list', 'm.list').map(
      (path): Step =>
        (state) =>
          state.update(path, (list) => (Array.isArray(list) ? [...list, list.length] : [])),
    ),
    key.map(
      (path): Step =>
        (state) =>
          state.forget(path),
    ),
    fc.constant<Step>((state) => state.flush()),
  );

  it('have the same outcome as if the requests had run one after the other, whatever they do', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), fc.array(step, { maxLength: 5 }), (first, second) => {
        const start = { count: 1, list: [1], m: { count: 1, list: [] } };
        const apply = (steps: Step[]) => (state: SessionState) => steps.forEach((each) => each(state));
        // Steps create again what a flush removed: 'm' may be missing, and every step still fits.
        const serial = load(structuredClone(start));
        apply(first)(serial);
        const then = loadText(commit(serial));
        apply(second)(then);
        const expected = payloadOf(commit(then)).d;
        expect(inParallel(structuredClone(start), apply(first), apply(second))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a change', () => {
  it('causes no commit if it changes nothing: forgetting a missing key, flushing an empty session', () => {
    const state = load({});
    state.forget('absent');
    state.flush();
    expect([state.hasChanges, state.modified]).toEqual([false, false]);
    state.put('a', 1);
    expect([state.hasChanges, state.modified]).toEqual([true, true]);
    commit(state);
    expect([state.hasChanges, state.modified]).toEqual([false, false]);
  });

  it('still counts if everything it left is removed', () => {
    const state = load({});
    state.flash.flashFields({ a: 'x' });
    state.flash.flashFields({});
    state.flush();
    expect([state.hasChanges, state.modified]).toEqual([true, true]);
  });

  it('refuses an updater that returns a thenable, such as a query', () => {
    const query = {
      // oxlint-disable-next-line unicorn/no-thenable -- queries of database clients are like this
      then: (_done: unknown, failed: (error: Error) => void) => {
        failed(new Error('late'));
      },
    };
    expect(() => load({}).update('a', () => query)).toThrow(/promise/);
  });

  it('refuses an updater that returns a promise, without an unhandled rejection', () => {
    const state = load({ a: 1 });
    expect(() => state.update('a', () => Promise.reject(new Error('late')))).toThrow(/promise/);
    expect(state.values).toEqual({ a: 1 });
    expect(state.hasChanges).toBe(false);
  });

  it('removes the key if an updater returns undefined', () => {
    const state = load({ a: 1, b: 2 });
    state.update('a', () => undefined);
    expect(payloadOf(commit(state)).d).toEqual({ b: 2 });
  });

  it('changes nothing if it is refused', () => {
    const state = load({ text: 'x', list: [1] });
    expect(() => state.push('text', 1)).toThrow(SessionValueError);
    expect(() => state.increment('text', 1)).toThrow(SessionValueError);
    expect(() => state.increment('list', 1)).toThrow(SessionValueError);
    expect(() => state.put('list.7', 1)).toThrow(SessionValueError);
    expect(() => state.put('__proto__.x', 1)).toThrow(SessionValueError);
    expect(() => state.reset({ constructor: 1 })).toThrow(SessionValueError);
    expect(state.values).toEqual({ text: 'x', list: [1] });
    expect(state.hasChanges).toBe(false);
  });
});
