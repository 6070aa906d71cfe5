import { describe, expect, it } from 'vitest';
import type { HandlerContext } from '../support/handler-app.js';
import { sharedApps } from '../support/shared-apps.js';
import { PAIRS, PLATFORMS } from '../support/test-app.js';

const flash = ({ req }: HandlerContext, ...args: unknown[]): unknown =>
  Reflect.apply(Object(req['flash']), req, args);

describe.each(PAIRS)('A message of req.flash on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    const apps = sharedApps(platform);
    const start = () => apps({ driver });

    it('survives a chain of redirects until it is read, and is gone then', async () => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => void flash(context, 'error', 'Wrong password.'));
      await visitor.in((session) => session.get('userId'));
      await visitor.in((session) => void session.put('step', 2));
      await visitor.in((session) => session.isEmpty);
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual(['Wrong password.']);
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual([]);
      expect(await visitor.in((session) => session.all())).toEqual({ step: 2 });
    });

    it('stays when only another type is read, and is joined by later ones', async () => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((session, context) => {
        flash(context, 'error', 'Wrong.');
        flash(context, 'info', 'Hello.');
        session.flash('status', 'Saved.');
      });
      expect(await visitor.in((_session, context) => flash(context, 'info'))).toEqual(['Hello.']);
      expect(await visitor.in((_session, context) => flash(context, 'error', 'Again.'))).toBe(2);
      expect(await visitor.in((_session, context) => flash(context))).toEqual({
        error: ['Wrong.', 'Again.'],
      });
      expect(await visitor.in((session) => session.all())).toEqual({});
    });

    it.each([undefined, null, '', 0, false])(
      'does not exist if the message or the type is %j',
      async (none) => {
        const app = await start();
        const visitor = app.visitor();
        await visitor.in((_session, context) => {
          flash(context, 'error', 'Wrong.');
          flash(context, 'info', 'Hello.');
        });
        expect(
          await visitor.in((_session, context) => [flash(context, 'error', none), flash(context, none)]),
        ).toEqual([['Wrong.'], { info: ['Hello.'] }]);
        expect(await visitor.in((session) => session.all())).toEqual({});
      },
    );

    it.each<[string, (context: HandlerContext) => unknown]>([
      ['flashMessages', ({ session }) => session.flashMessages.get('error')],
      ['get', ({ session }) => session.get('error')],
      ['all', ({ session }) => session.all()],
      ['flush', ({ session }) => session.flush()],
      ['forget', ({ session }) => session.forget('error')],
      ['invalidate', ({ session }) => session.invalidate()],
    ])('is used up by %s too', async (_name, use) => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => void flash(context, 'error', 'Wrong password.'));
      await visitor.in((_session, context) => void use(context));
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual([]);
    });

    it('has a literal type, dots included, and stays until it is read', async () => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => {
        flash(context, 'form.error', 'Wrong.');
        flash(context, 'form.info', 'Hello.');
      });
      await visitor.in((session) => session.put('step', 2));
      await visitor.in((session) => session.isEmpty);
      expect(await visitor.in((_session, context) => flash(context, 'form.error', 'Again.'))).toBe(2);
      await visitor.in((session) => session.isEmpty);
      expect(await visitor.in((_session, context) => [flash(context, 'form.error'), flash(context)])).toEqual(
        [['Wrong.', 'Again.'], { 'form.info': ['Hello.'] }],
      );
      expect(await visitor.in((session) => session.all())).toEqual({ step: 2 });
    });

    it('of a type with dots joins what the application flashed at that path, and both are read together', async () => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.flash('form.error', 'Mine.').flash('form.title', 'Kept.'));
      const read = await visitor.in((session, context) => [
        flash(context, 'form.error', 'Wrong.'),
        session.get('form.error'),
        flash(context, 'form.error'),
        flash(context, 'form.error'),
        session.get('form.title'),
      ]);
      expect(read).toEqual([2, ['Mine.', 'Wrong.'], ['Mine.', 'Wrong.'], [], 'Kept.']);
    });

    it.each(['get', 'flashMessages', 'forget'])('of a type with dots is used up by %s', async (way) => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => void flash(context, 'form.error', 'Wrong.'));
      const read = await visitor.in((session) => {
        if (way === 'forget') return session.forget('form.error').get('form.error', 'none');
        return way === 'get' ? session.get('form.error') : session.flashMessages.get('form.error');
      });
      expect(read).toEqual(way === 'forget' ? 'none' : ['Wrong.']);
      expect(await visitor.in((_session, context) => flash(context, 'form.error'))).toEqual([]);
    });

    it('gives way to later ones if never read, so the session does not grow without limit', async () => {
      const app = await start();
      const visitor = app.visitor();
      for (let round = 0; round < 3; round += 1) {
        await visitor.in((_session, context) => {
          for (let each = 0; each < 40; each += 1) flash(context, 'error', `${round}.${each}`);
        });
      }
      const left = await visitor.in((_session, context) => flash(context, 'error'));
      expect(left).toHaveLength(50);
      expect(left).toEqual(expect.arrayContaining(['1.30', '2.39']));
      expect(
        await visitor.in((_session, context) => [
          flash(
            context,
            'error',
            Array.from({ length: 60 }, (_, index) => index),
          ),
          flash(context, 'error'),
        ]),
      ).toEqual([50, Array.from({ length: 50 }, (_, index) => index + 10)]);
    });

    it('is not used up by a prefetched page, which can remove it all the same', async () => {
      const app = await start();
      const visitor = app.visitor();
      const prefetch = { headers: { 'sec-purpose': 'prefetch' } };
      await visitor.in((_session, context) => void flash(context, 'error', ['Wrong.', 'Again.']));
      expect(await visitor.in((_session, context) => flash(context, 'error'), prefetch)).toHaveLength(2);
      await visitor.in((session) => session.forget('error.0'), prefetch);
      await visitor.in((session) => session.isEmpty);
      expect(await visitor.in((_session, context) => flash(context, 'error'), prefetch)).toEqual(['Again.']);
      await visitor.in((session) => session.forget('error'), prefetch);
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual([]);
    });

    it('is kept by reflash, once, whether it is read or not, and joined by others before or after', async () => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => void flash(context, 'error', 'First.'));
      await visitor.in((session, context) => {
        flash(context, 'error', 'Second.');
        session.reflash();
      });
      await visitor.in((session, context) => {
        session.reflash();
        flash(context, 'error', 'Third.');
        expect(session.get('error')).toEqual(['First.', 'Second.', 'Third.']);
      });
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual([
        'First.',
        'Second.',
        'Third.',
      ]);
    });

    it('is kept without what was pulled from it, unless by a request that uses none up', async () => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => void flash(context, 'error', ['First.', 'Second.']));
      for (const headers of [{ 'sec-purpose': 'prefetch' }, {}])
        await visitor.in(
          (session) => {
            expect(session.pull('error.0')).toBe('First.');
            session.reflash();
          },
          { headers },
        );
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual(['Second.']);
    });

    it.each<[string, (context: HandlerContext) => unknown]>([
      ['', () => undefined],
      [' and keeps it', ({ session }) => session.reflash()],
      [' after a commit', ({ session }) => session.put('step', 1).commit()],
      [' and adds another', (context) => flash(context, 'form.error', 'Again.')],
    ])('takes along a message of the previous request if this one adds to it%s', async (_, use) => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.flash({ 'form.error': 'Plain.', other: 'x' }));
      const count = await visitor.in(async (_session, context) => {
        await use(context);
        return flash(context, 'form.error', 'Wrong.');
      });
      await visitor.in((session) => session.put('step', 2));
      const shown = await visitor.in((_session, context) => flash(context, 'form.error'));
      expect(shown).toHaveLength(Number(count));
      expect(shown).toEqual(['Plain.', ...(shown as string[]).slice(1, -1), 'Wrong.']);
      expect(await visitor.in((_session, context) => flash(context))).toEqual({});
    });

    it('is stored once, and a request that leaves it unread does not write the session', async () => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => void flash(context, 'error', 'Wrong password.'));
      const { cookies } = await visitor.handle((session) => session.isModified);
      expect(cookies).toEqual([]);
    });

    it('is not stored if the list is empty, and does not become permanent', async () => {
      const app = await start();
      const visitor = app.visitor();
      const { value, cookies } = await visitor.handle((_session, context) => flash(context, 'errors', []));
      expect([value, cookies]).toEqual([0, []]);
      await visitor.in((_session, context) => flash(context, 'errors', 'First'));
      expect(await visitor.in((_session, context) => flash(context, 'errors', []))).toBe(1);
      expect(await visitor.in((_session, context) => flash(context))).toEqual({ errors: ['First'] });
      expect(await visitor.in((_session, context) => flash(context))).toEqual({});
    });

    it('survives a commit and a reload in the request that flashed it', async () => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in(async (session, context) => {
        flash(context, 'error', 'Wrong password.');
        await session.commit();
        await session.reload();
        session.put('a', 1);
      });
      await visitor.in((session) => session.put('b', 1));
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual(['Wrong password.']);
    });
  });
});

describe.each(PLATFORMS)('Messages of req.flash of parallel requests on %s', (platform) => {
  const apps = sharedApps(platform);
  const start = () => apps({ driver: 'memory' });

  it.each([[[]], [['Unread.']]])('all arrive, in addition to those unread: %j', async (unread) => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session, context) => session.put('step', 1) && flash(context, 'error', unread));
    await visitor.in(async (_session, context) => {
      flash(context, 'error', 'Second.');
      await visitor.in((_other, its) => flash(its, 'error', 'First.'));
    });
    expect(await visitor.in((_session, context) => flash(context))).toEqual({
      error: [...unread, 'First.', 'Second.'],
    });
    expect(await visitor.in((session) => session.all())).toEqual({ step: 1 });
  });

  it.each([[{}], [{ headers: { 'sec-purpose': 'prefetch' } }]])(
    'are shown once, in their order, if several requests keep them: %j',
    async (init) => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => flash(context, 'error', 'First.'));
      await visitor.in(async (session, context) => {
        await visitor.in((other) => other.keep('error'), init);
        flash(context, 'error', 'Second.');
        await session.reflash().commit();
        await visitor.in((other) => other.keep('error'), init);
        session.reflash().put('step', 1);
      }, init);
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual(['First.', 'Second.']);
    },
  );

  it('are not shown again after they were read, stored and reloaded', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in(
      (session, context) => flash(context, 'error', 'Wrong.') && session.flash('status', 'New.'),
    );
    const shown = await visitor.in(async (session, context) => {
      expect(flash(context, 'error')).toEqual(['Wrong.']);
      await session.forget('status').commit();
      await session.reload();
      expect(session.all()).toEqual({});
      flash(context, 'error', 'Again.');
      await session.commit();
      await session.reload();
      return flash(context);
    });
    expect(shown).toEqual({ error: ['Again.'] });
  });

  it('are shown once by a request that keeps them and reloads the session', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((_session, context) => flash(context, 'error', 'Wrong.'));
    const shown = await visitor.in(async (session, context) => {
      await session.reflash().commit();
      await session.reload();
      return flash(context, 'error');
    });
    expect(shown).toEqual(['Wrong.']);
  });

  it.each<[string, (context: HandlerContext) => unknown]>([
    ['reads', (context) => flash(context, 'error')],
    ['removes', ({ session }) => session.forget('error')],
  ])('are shown once if another request %s them between two commits', async (_, use) => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('step', 1));
    await visitor.in(async (session, context) => {
      flash(context, 'error', 'Wrong.');
      flash(context, 'info', 'Hello.');
      await session.commit();
      await visitor.in((_session, its) => use(its));
      flash(context, 'error', 'Again.');
    });
    expect(await visitor.in((_session, context) => flash(context))).toEqual({
      error: ['Again.'],
      info: ['Hello.'],
    });
  });

  it('can be kept after a commit that used them up', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((_session, context) => flash(context, 'error', 'Wrong.'));
    await visitor.in(async (session) => {
      expect(session.flashMessages.get('error')).toEqual(['Wrong.']);
      await session.put('step', 1).commit();
      session.reflash().keep('error');
    });
    expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual(['Wrong.']);
    expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual([]);
  });

  it('are shown once if one of the requests reads them while the other adds one', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((_session, context) => flash(context, 'error', 'Old.'));
    await visitor.in(async (_session, context) => {
      expect(flash(context, 'error')).toEqual(['Old.']);
      await visitor.in((_other, its) => expect(flash(its, 'error', 'New.')).toBe(2));
    });
    await visitor.in(async (_session, context) => {
      expect(flash(context, 'error', 'Newer.')).toBe(2);
      await visitor.in((_other, its) => expect(flash(its, 'error')).toEqual(['New.']));
    });
    expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual(['Newer.']);
  });

  it('and what the application flashes under their type are in one list', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.put('step', 1));
    await visitor.in(async (_session, context) => {
      flash(context, 'form.error', 'Wrong.');
      await visitor.in((other) => other.flash('form.error', 'Mine.'));
    });
    expect(await visitor.in((session) => [session.get('form.error'), session.get('form')])).toEqual([
      ['Mine.', 'Wrong.'],
      {},
    ]);
  });
});
