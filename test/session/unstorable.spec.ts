import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RequestSession, SessionValueError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PAIRS } from '../support/test-app.js';

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

const UNSTORABLE: [string, unknown][] = [
  ['a cycle', cycle],
  ['a BigInt', 2n],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['NaN', Number.NaN],
  ['a Map', new Map([[1, 2]])],
  ['undefined in a list', [undefined, 1]],
];

describe.each(PAIRS)('a value that cannot be stored, on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    let app: HandlerApp;
    beforeAll(async () => {
      app = await HandlerApp.start(platform, { options: { driver } });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    it.each(UNSTORABLE)(
      'answers 503, stores nothing of the request and sends no cookie: %s',
      async (_name, value) => {
        const visitor = app.visitor();
        await visitor.in((session) => session.put('before', 1));
        const { cookies, response } = await visitor.handle(
          (session) => {
            session.put('fine', 1).put('culprit', value).flash('status', 'Saved.');
          },
          { status: 503 },
        );
        expect(cookies).toEqual([]);
        expect(response.body).not.toHaveProperty('ok');
        expect(await visitor.in((session) => session.all())).toEqual({ before: 1 });
      },
    );

    it.each<[string, (session: RequestSession) => unknown, string]>([
      ['pushed', (session) => session.push('list', undefined), 'list.0'],
      ['put at an index', (session) => session.put('list', [1]).put('list.0', undefined), 'list.0'],
      ['merged', (session) => session.merge({ a: { list: [1, undefined] } }), 'a.list.1'],
      ['flashed', (session) => session.flash('list', [undefined]), 'list.0'],
      [
        'mutated into it',
        (session) => session.put('list', [1]).get<unknown[]>('list', []).push(undefined),
        'list.1',
      ],
      ['updated to', (session) => session.update('list', () => [undefined]), 'list.0'],
    ])('is named by its index if undefined gets into a list: %s', async (_name, write, path) => {
      const refused = await app.visitor().in(async (session) => {
        write(session);
        const outcome = await session.commit().catch((error: unknown) => error);
        session.flush();
        return outcome;
      });
      expect(refused).toBeInstanceOf(SessionValueError);
      expect(refused).toMatchObject({ message: expect.stringContaining(`"${path}"`) });
    });

    it('does not include undefined outside lists, which counts as no value, as in JSON', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('gone', undefined).put('user', { name: undefined, age: 1 }));
      expect(await visitor.in((session) => session.all())).toEqual({ user: { age: 1 } });
    });

    it('begins no session', async () => {
      const visitor = app.visitor();
      const { cookies } = await visitor.handle((session) => void session.put('culprit', cycle), {
        status: 503,
      });
      expect(cookies).toEqual([]);
      expect(await visitor.in((session) => [session.all(), session.stored])).toEqual([{}, false]);
    });

    it('can be removed after a commit that named it, and the rest is stored', async () => {
      const visitor = app.visitor();
      const refused = await visitor.in(async (session) => {
        session
          .put('fine', 1)
          .put('culprit', { deep: [Number.NaN] })
          .flash('status', 'Saved.');
        const outcome = await session.commit().catch((error: unknown) => error);
        session.forget('culprit');
        return outcome;
      });
      expect(refused).toBeInstanceOf(SessionValueError);
      expect(refused).toMatchObject({
        statusCode: 503,
        message: expect.stringContaining('"culprit.deep.0"'),
      });
      expect(await visitor.in((session) => session.all())).toEqual({ fine: 1, status: 'Saved.' });
    });

    it('is noticed if it got there by mutation in place', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('user', { name: 'Ada' }));
      await visitor.handle(
        (session) => {
          Object.assign(session.get<object>('user', {}), { self: cycle });
        },
        { status: 503 },
      );
      expect(await visitor.in((session) => session.all())).toEqual({ user: { name: 'Ada' } });
    });
  });
});
