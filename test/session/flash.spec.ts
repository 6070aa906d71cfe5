import { Controller, Get } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RequestSession, SessionValueError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PAIRS, PLATFORMS } from '../support/test-app.js';

@Controller()
class OtherController {
  /** Does not use the session. */
  @Get('plain')
  plain() {
    return { ok: true };
  }

  @Get('asset')
  asset() {
    return { ok: true };
  }
}

describe.each(PAIRS)('flash messages on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    let app: HandlerApp;
    beforeAll(async () => {
      app = await HandlerApp.start(platform, {
        options: { driver, exclude: ['/asset'] },
        controllers: [OtherController],
      });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    const messages = ({ flashMessages }: RequestSession) => flashMessages.all();

    it('can hold any value: 0, false, empty text, null, lists, objects', async () => {
      const visitor = app.visitor();
      const flashed = { zero: 0, no: false, empty: '', nothing: null, list: [], object: { a: [0] } };
      await visitor.in((session) => session.flash(flashed));
      const [all, zero, no, empty, nothing, has] = await visitor.in((session) => [
        messages(session),
        session.flashMessages.get('zero', 7),
        session.get('no', true),
        session.old('empty', 'full'),
        session.flashMessages.get('nothing', 'something'),
        ['zero', 'no', 'empty', 'nothing', 'absent'].map((key) => session.flashMessages.has(key)),
      ]);
      expect(all).toEqual(flashed);
      expect([zero, no, empty, nothing]).toEqual([0, false, '', 'something']);
      expect(has).toEqual([true, true, true, false, false]);
    });

    it('take paths, and share one name side by side', async () => {
      const visitor = app.visitor();
      await visitor.in((session) =>
        session.flash('errors.title', 'Required').flash('errors.text', 'Too short'),
      );
      expect(await visitor.in(messages)).toEqual({ errors: { title: 'Required', text: 'Too short' } });
    });

    it('are hidden by a stored value of the same name, and do not change it', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('status', 'stored').flash('status', 'flashed'));
      expect(
        await visitor.in((session) => [session.get('status'), session.flashMessages.get('status')]),
      ).toEqual(['stored', 'flashed']);
      expect(await visitor.in((session) => session.all())).toEqual({ status: 'stored' });
    });

    it('age once per request, however often it commits', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash('first', 1));
      await visitor.in(async (session) => {
        await session.put('a', 1).commit();
        await session.flash('second', 2).commit();
        await session.put('b', 2).commit();
        expect(messages(session)).toEqual({ first: 1 });
        expect(session.get('first')).toBe(1);
      });
      expect(await visitor.in(messages)).toEqual({ second: 2 });
      expect(await visitor.in(messages)).toEqual({});
    });

    it('age with a request that does not read them', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash('status', 'Saved.'));
      await visitor.agent.get('/plain').expect(200);
      expect(await visitor.in(messages)).toEqual({});
    });

    it('wait for the next page when the browser prefetches, or requests an excluded route', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash('status', 'Saved.'));
      await visitor.agent.get('/asset').expect(200);
      const purposes = [
        { 'sec-purpose': 'prefetch' },
        { 'sec-purpose': 'prefetch;prerender' },
        { purpose: 'prefetch' },
      ];
      for (const headers of purposes) {
        const { value, cookies } = await visitor.handle(messages, { headers });
        expect(value).toEqual({ status: 'Saved.' });
        expect(cookies).toEqual([]);
      }
      expect(await visitor.in(messages)).toEqual({ status: 'Saved.' });
      expect(await visitor.in(messages)).toEqual({});
    });

    it.each([
      ['a picture', { 'sec-fetch-dest': 'image' }],
      ['a page that Turbo fetches ahead', { 'x-sec-purpose': 'prefetch' }],
      ['a page that htmx fetches ahead', { 'hx-preloaded': 'true' }],
    ])('wait for the next page when a browser fetches %s', async (_, headers) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash('status', 'Saved.'));
      for (const path of ['/plain', '/missing']) await visitor.agent.get(path).set(headers);
      const { value, cookies } = await visitor.handle(messages, { headers });
      expect([value, cookies]).toEqual([{ status: 'Saved.' }, []]);
      expect(await visitor.in(messages, { headers: { 'sec-fetch-dest': 'document' } })).toEqual({
        status: 'Saved.',
      });
      expect(await visitor.in(messages)).toEqual({});
    });

    it('wait for the next page on a HEAD request', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash('status', 'Saved.'));
      await visitor.agent.head('/plain').expect(200);
      expect(await visitor.in(messages)).toEqual({ status: 'Saved.' });
      expect(await visitor.in(messages)).toEqual({});
    });

    it('are kept even if a prefetched page writes something else', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash('status', 'Saved.'));
      await visitor.in((session) => session.put('seen', 1), { headers: { 'sec-purpose': 'prefetch' } });
      expect(await visitor.in((session) => session.all())).toEqual({ status: 'Saved.', seen: 1 });
      expect(await visitor.in((session) => session.all())).toEqual({ seen: 1 });
    });

    describe('that wait for the next page while a page is prefetched', () => {
      const prefetch = { headers: { 'sec-purpose': 'prefetch' } };
      const flashed = { status: 'Saved.', form: { title: 'Tea', price: 2 } };

      it.each<[string, (session: RequestSession) => unknown, left: object]>([
        ['forget', (session) => session.forget('status'), { form: flashed.form, theme: 'dark' }],
        ['forget with a list', (session) => session.forget(['status', 'form', 'theme']), {}],
        [
          'forget with a path',
          (session) => session.forget('form.price', 'status'),
          { form: { title: 'Tea' }, theme: 'dark' },
        ],
        ['flush', (session) => session.flush(), {}],
        ['clear', (session) => session.clear(), {}],
        ['delete', (session) => session.delete(), {}],
        ['reset', (session) => session.reset({ theme: 'light' }), { theme: 'light' }],
        [
          'flash',
          (session) => session.flash({ status: 'New.', form: { title: 'Rum' } }),
          { status: 'New.', form: { title: 'Rum' }, theme: 'dark' },
        ],
        [
          'forget and flash',
          (session) => session.forget('form').flash('form.price', 3),
          { status: 'Saved.', form: { price: 3 }, theme: 'dark' },
        ],
      ])('are removed or replaced by it with %s', async (_way, change, left) => {
        const visitor = app.visitor();
        await visitor.in((session) => session.put('theme', 'dark').flash(flashed));
        await visitor.in(change, prefetch);
        expect(await visitor.in((session) => session.all(), prefetch)).toEqual(left);
        expect(await visitor.in((session) => session.all())).toEqual(left);
        expect(await visitor.in(messages)).toEqual({});
      });

      it('are shown by it with pull, but not removed', async () => {
        const visitor = app.visitor();
        await visitor.in((session) => session.flash(flashed));
        const pulled = (session: RequestSession) => [session.pull('status'), session.get('status', 'gone')];
        expect(await visitor.in(pulled, prefetch)).toEqual(['Saved.', 'gone']);
        expect(await visitor.in(pulled)).toEqual(['Saved.', 'gone']);
      });
    });

    it('can be kept by name or all together, along with new ones', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.flash({ a: 1, b: { c: 2, d: 3 } }));
      await visitor.in((session) => session.keep('b.c').flash('new', 4));
      expect(await visitor.in((session) => messages(session.reflash().flash('newer', 5)))).toEqual({
        b: { c: 2 },
        new: 4,
      });
      expect(await visitor.in(messages)).toEqual({ b: { c: 2 }, new: 4, newer: 5 });
    });

    it.each<[string, (session: RequestSession) => unknown, object]>([
      ['forget', (session) => session.forget('a', 'b.c'), { b: { d: 3 }, f: 4 }],
      ['pull', (session) => [session.pull('a'), session.pull('f')], { b: { c: 2, d: 3 } }],
      ['replacing and forget', (session) => session.flash('a', 5).forget('a'), { b: { c: 2, d: 3 }, f: 4 }],
      ['a forget that is stored', (session) => session.forget('a').commit(), { b: { c: 2, d: 3 }, f: 4 }],
      ['flush', (session) => session.flush(), {}],
      ['reset', (session) => session.reset({}), {}],
      ['signOut', (session) => session.signOut(), {}],
    ])('stay removed after %s, whatever is kept then', async (_how, remove, left) => {
      for (const keep of [
        (session: RequestSession) => session.reflash(),
        (session: RequestSession) => session.keep('a', 'b', 'f'),
      ]) {
        const visitor = app.visitor();
        await visitor.in((session) => session.flashAll().flash({ a: 1, b: { c: 2, d: 3 } }), {
          body: { f: 4 },
        });
        await visitor.in(async (session) => {
          await remove(session);
          keep(session);
        });
        expect(await visitor.in(messages)).toEqual(left);
      }
    });

    it('are queried and kept by several keys, or by a list of keys', async () => {
      const visitor = app.visitor();
      const flashed = { a: 1, b: { c: 2 }, d: 3 };
      await visitor.in((session) => session.flash(flashed));
      const has = await visitor.in((session) => {
        session.keep('a', ['b.c'], 'absent');
        const { flashMessages } = session;
        return [
          flashMessages.has('a', 'd'),
          flashMessages.has(['a', 'b.c']),
          flashMessages.has('a', 'absent'),
          flashMessages.has('absent', 'a'),
        ];
      });
      expect(has).toEqual([true, true, false, false]);
      expect(await visitor.in(messages)).toEqual({ a: 1, b: { c: 2 } });
    });

    it.each([[], ['a', 5], [['a', null]], [['a', ['b']]], ['a', undefined]])(
      'are not queried, kept or flashed by an invalid key: %j',
      async (...keys) => {
        await app.visitor().in(
          (session) => {
            for (const method of ['keep', 'flashOnly', 'flashExcept'] as const) {
              expect(() => Reflect.apply(session[method], session, keys)).toThrow(SessionValueError);
            }
            const { flashMessages } = session;
            expect(() =>
              Reflect.apply(Object(Reflect.get(flashMessages, 'has')), flashMessages, keys),
            ).toThrow(SessionValueError);
          },
          { body: { a: 1 } },
        );
      },
    );

    it('are removed by forget, pull and flush', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => {
        session.flash({ forgotten: 1, pulled: 2, kept: 3 }).forget('forgotten');
        expect(session.pull('pulled')).toBe(2);
      });
      expect(await visitor.in(messages)).toEqual({ kept: 3 });
      await visitor.in((session) => session.flash('flushed', 1).flush());
      expect(await visitor.in(messages)).toEqual({});
    });

    it('begin no session if they are for the current request only', async () => {
      const { value, cookies } = await app
        .visitor()
        .handle((session) => [
          session.now('status', 'Saved.').now({ 'errors.title': 'Required' }).all(),
          session.isModified,
          session.flashMessages.isEmpty,
        ]);
      expect(value).toEqual([{ status: 'Saved.', errors: { title: 'Required' } }, false, true]);
      expect(cookies).toEqual([]);
    });
  });
});

describe.each(PLATFORMS)('Flash messages of parallel requests on %s', (platform) => {
  it.each<[string, (session: RequestSession) => unknown, left: object]>([
    ['forgets one', (session) => session.forget('a'), { b: { c: 1 } }],
    ['forgets one in an object', (session) => session.forget('b.c'), { a: 1, b: { d: 2 } }],
    ['replaces one', (session) => session.flash('a', 'new'), { a: 'new', b: { c: 1, d: 2 } }],
    ['flushes', (session) => session.flush(), {}],
  ])('do not come back when their request commits again after another %s', async (how, change, left) => {
    await using app = await HandlerApp.start(platform, { options: { driver: 'memory' } });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('step', 1));
    await visitor.in(async (session) => {
      await session.flash({ a: 1, b: { c: 1, d: 2 } }).commit();
      await visitor.in(change, { headers: { 'sec-purpose': 'prefetch' } });
      session.put('step', 2);
      if (how === 'forgets one') session.forget('b.d');
    });
    expect(await visitor.in(({ flashMessages }) => flashMessages.all())).toEqual(left);
  });
});
