import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionReadonlyError, SessionValueError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

describe.each(PLATFORMS)('on %s', (platform) => {
  let app: HandlerApp;
  beforeAll(async () => {
    app = await HandlerApp.start(platform);
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  describe('merge', () => {
    it('puts each leaf at its own path, and leaves its siblings alone', async () => {
      const visitor = app.visitor();
      await visitor.in((session) =>
        session.put({ user: { name: 'Ada', settings: { theme: 'light', language: 'en' } }, cart: [1, 2] }),
      );
      await visitor.in((session) =>
        session.merge({
          user: { settings: { theme: 'dark' }, age: null },
          cart: [3],
          fresh: { a: { b: 1 } },
        }),
      );
      expect(await visitor.in((session) => session.all())).toEqual({
        user: { name: 'Ada', settings: { theme: 'dark', language: 'en' }, age: null },
        cart: [3],
        fresh: { a: { b: 1 } },
      });
    });

    it('takes keys as put does: literal ones first, then paths', async () => {
      const merged = await app.visitor().in((session) => {
        session.reset({ 'user.name': 'Ada', user: { age: 36 } });
        session.merge({ user: { name: 'Grace', age: 37 }, 'user.address.city': 'London' });
        expect(session.get('user.name')).toBe('Grace');
        return session.all();
      });
      expect(merged).toEqual({ 'user.name': 'Grace', user: { age: 37, address: { city: 'London' } } });
    });

    it('replaces only non-objects by empty objects', async () => {
      const merged = await app.visitor().in((session) =>
        session
          .put({ kept: { a: 1 }, number: 1 })
          .merge({ kept: {}, number: {}, missing: { deep: {} } })
          .all(),
      );
      expect(merged).toEqual({ kept: { a: 1 }, number: {}, missing: { deep: {} } });
    });

    it('shows in objects handed out before, and keeps what was mutated in them', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('user', { name: 'Ada' }));
      await visitor.in((session) => {
        const user = session.get<Record<string, unknown>>('user', {});
        session.merge({ user: { age: 36 } });
        expect(user).toEqual({ name: 'Ada', age: 36 });
        user['name'] = 'Grace';
      });
      expect(await visitor.in((session) => session.get('user'))).toEqual({ name: 'Grace', age: 36 });
    });

    it('combines what parallel requests merge', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('user', { name: 'Ada', settings: { theme: 'light' } }));
      await visitor.in(async (session) => {
        session.merge({ user: { settings: { theme: 'dark' }, tags: {} } });
        await visitor.in((other) =>
          other.merge({ user: { settings: { language: 'en' }, name: 'Grace', tags: { a: 1 } } }),
        );
      });
      expect(await visitor.in((session) => session.get('user'))).toEqual({
        name: 'Grace',
        settings: { theme: 'dark', language: 'en' },
        tags: { a: 1 },
      });
    });

    it('puts an empty object again if a parallel request removed the one that it found', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('box', { x: 1 }));
      await visitor.in(async (session) => {
        session.merge({ box: {} }).put('k', 1);
        await visitor.in((other) => other.forget('box', 'k'));
      });
      expect(await visitor.in((session) => session.all())).toEqual({ box: {}, k: 1 });
    });

    it('stores nothing if it has only empty objects where objects are', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('box', { x: 1 }));
      expect(await visitor.in((session) => session.merge({ box: {} }).isModified)).toBe(false);
      expect(await visitor.in((session) => session.all())).toEqual({ box: { x: 1 } });
    });

    it.each([
      ['a forbidden key', JSON.parse('{ "a": 1, "b": { "__proto__": { "polluted": true } } }')],
      ['a forbidden key with nothing in it', JSON.parse('{ "a": 1, "b": { "constructor": {} } }')],
      ['a forbidden path', { a: 1, b: { 'c.prototype.d': 1 } }],
      ['text', 'text'],
      ['a list', [1]],
      ['null', null],
      ['nothing', undefined],
    ])('refuses %s and changes nothing', async (_what, data) => {
      await app.visitor().in((session) => {
        expect(() => session.merge(data)).toThrow(SessionValueError);
        expect(session.isModified).toBe(false);
        expect(session.all()).toEqual({});
      });
    });

    it('leaves circular values to the commit, which names them', async () => {
      const cycle: Record<string, unknown> = {};
      cycle['again'] = cycle;
      const { response } = await app
        .visitor()
        .handle((session) => void session.merge({ a: { cycle } }), { status: 503 });
      expect(response.status).toBe(503);
    });
  });

  describe('remember', () => {
    it('stores the made value if the value is missing or null, and makes nothing otherwise', async () => {
      const visitor = app.visitor();
      const first = await visitor.in((session) => {
        session.put('nothing', null);
        return [session.remember('a', () => [1]), session.remember('nothing', () => 0)];
      });
      const second = await visitor.in((session) => [
        session.remember('a', () => never()),
        session.remember('nothing', () => never()),
      ]);
      expect([first, second]).toEqual([
        [[1], 0],
        [[1], 0],
      ]);
    });

    it('waits for promises, and for queries that are only thenable', async () => {
      const visitor = app.visitor();
      await visitor.in(async (session) => {
        expect(await session.remember('a', () => Promise.resolve('made'))).toBe('made');
        const query: PromiseLike<string> = {
          // oxlint-disable-next-line unicorn/no-thenable -- it is what the test is about
          then: (resolved, failed) => Promise.resolve('found').then(resolved, failed),
        };
        expect(await Session.remember('b', () => query)).toBe('found');
      });
      expect(await visitor.in((session) => session.all())).toEqual({ a: 'made', b: 'found' });
    });

    it('stores nothing if making fails', async () => {
      await app.visitor().in(async (session) => {
        const failure = new Error('the bank is closed');
        expect(() =>
          session.remember('a', () => {
            throw failure;
          }),
        ).toThrow(failure);
        await expect(session.remember('a', () => Promise.reject(failure))).rejects.toBe(failure);
        expect(session.isModified).toBe(false);
      });
    });

    it('keeps a value set meanwhile, by this request or another', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('begun', true));
      const seen = await visitor.in(async (session) => {
        const made = session.remember('a', () => Promise.resolve('late'));
        session.put('a', 'early');
        session.remember('b', () => 'late');
        await visitor.in((other) => other.remember('b', () => 'early'));
        return made;
      });
      expect(seen).toBe('early');
      expect(await visitor.in((session) => session.only('a', 'b'))).toEqual({ a: 'early', b: 'early' });
    });

    it('makes a list to which each item is added once, whatever a parallel request writes', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('begun', true));
      await visitor.in(async (session) => {
        session.remember('cart', () => ({ lines: [], count: 0 }));
        session.push('cart.lines', 'tea').increment('cart.count');
        await visitor.in((other) => other.put('theme', 'dark'));
      });
      expect(await visitor.in((session) => session.only('cart', 'theme'))).toEqual({
        cart: { lines: ['tea'], count: 1 },
        theme: 'dark',
      });
    });

    it('returns a value that may be mutated in place', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.remember<string[]>('list', () => []).push('a'));
      expect(await visitor.in((session) => session.get('list'))).toEqual(['a']);
    });

    it('makes nothing if nothing can be stored', async () => {
      await app.visitor().in(async (session) => {
        session.put('a', 1);
        await session.commit();
        await session.setId(await session.generateId()).start(true);
        expect(() => session.remember('a', () => never())).toThrow(SessionReadonlyError);
      });
    });

    it.each([undefined, 'text', 5])('refuses %s in place of a function', async (make) => {
      await app.visitor().in((session) => {
        expect(() => session.remember('a', make as never)).toThrow(SessionValueError);
      });
    });
  });
});

function never(): never {
  throw new Error('This was not to be called.');
}
