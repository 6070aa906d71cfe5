import { describe, expect, it } from 'vitest';
import { HandlerApp, type HandlerContext } from '../support/handler-app.js';
import { PAIRS } from '../support/test-app.js';

const flash = ({ req }: HandlerContext, ...args: unknown[]): unknown =>
  Reflect.apply(Object(req['flash']), req, args);

describe.each(PAIRS)('A message of req.flash on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    const start = () => HandlerApp.start(platform, { options: { driver } });

    it('survives a chain of redirects until it is read, and is gone then', async () => {
      await using app = await start();
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
      await using app = await start();
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
        await using app = await start();
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
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => void flash(context, 'error', 'Wrong password.'));
      await visitor.in((_session, context) => void use(context));
      expect(await visitor.in((_session, context) => flash(context, 'error'))).toEqual([]);
    });

    it('has a literal type, dots included, and stays until it is read', async () => {
      await using app = await start();
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
      await using app = await start();
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
      await using app = await start();
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
      await using app = await start();
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

    it('is stored once, and a request that leaves it unread does not write the session', async () => {
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((_session, context) => void flash(context, 'error', 'Wrong password.'));
      const { cookies } = await visitor.handle((session) => session.isModified);
      expect(cookies).toEqual([]);
    });

    it('is not stored if the list is empty, and does not become permanent', async () => {
      await using app = await start();
      const visitor = app.visitor();
      const { value, cookies } = await visitor.handle((_session, context) => flash(context, 'errors', []));
      expect([value, cookies]).toEqual([0, []]);
      await visitor.in((_session, context) => flash(context, 'errors', 'First'));
      expect(await visitor.in((_session, context) => flash(context, 'errors', []))).toBe(1);
      expect(await visitor.in((_session, context) => flash(context))).toEqual({ errors: ['First'] });
      expect(await visitor.in((_session, context) => flash(context))).toEqual({});
    });

    it('survives a commit and a reload in the request that flashed it', async () => {
      await using app = await start();
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
