import { inspect } from 'node:util';
// What the tests of the manuals in test/manuals do not cover of a session.
import { Controller, Get, ParseIntPipe, Query } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Flash, type FlashMessages, NoSessionError, Session, SessionValueError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

@Controller()
class DecoratedController {
  @Get('fill')
  fill(@Session() session: Session, @Query('views') views: string) {
    session.put('views', views).put('user', { name: 'Ada' }).flash('status', 'Saved.');
    return {};
  }

  @Get('show')
  show(
    @Session('views', ParseIntPipe) views: number,
    @Session('user.name') name: string,
    @Session('absent') absent: unknown,
    @Flash() messages: FlashMessages,
    @Flash('status') status: string,
  ) {
    return { views, name, absent: absent === undefined, messages: messages.all(), status };
  }

  @Get('excluded')
  excluded() {
    try {
      return { got: Session.get('views') };
    } catch (error) {
      return { refused: error instanceof NoSessionError };
    }
  }

  @Get('excluded/decorated')
  decorated(@Session() session: Session) {
    return session.all();
  }
}

describe.each(PLATFORMS)('a session on %s', (platform) => {
  let app: HandlerApp;
  beforeAll(async () => {
    app = await HandlerApp.start(platform, {
      controllers: [DecoratedController],
      options: { exclude: ['/excluded', '/excluded/{*path}'] },
    });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it('passes single values to parameters, through pipes', async () => {
    const { agent } = app.visitor();
    await agent.get('/fill?views=7').expect(200);
    expect((await agent.get('/show').expect(200)).body).toEqual({
      views: 7,
      name: 'Ada',
      absent: true,
      messages: { status: 'Saved.' },
      status: 'Saved.',
    });
    await agent.get('/fill?views=many').expect(200);
    await agent.get('/show').expect(400);
  });

  it('is refused on an excluded route', async () => {
    const { agent } = app.visitor();
    await agent.get('/fill?views=7').expect(200);
    expect((await agent.get('/excluded').expect(200)).body).toEqual({ refused: true });
    await agent.get('/excluded/decorated').expect(500);
  });

  it('shows its values in logs but no id, and so do its messages', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put('cart', ['tea']).flash('status', 'Saved.'));
    const [session, messages, nested] = await visitor.in((shown) => [
      inspect(shown),
      inspect(shown.flashMessages),
      inspect({ deep: { in: { it: shown } } }),
    ]);
    expect(session).toBe("RequestSession { status: 'Saved.', cart: [ 'tea' ] }");
    expect(messages).toBe("FlashMessages { status: 'Saved.' }");
    expect(nested).toContain('[RequestSession]');
    const unloaded = await visitor.in((shown) => inspect(shown.setId('x')));
    expect(unloaded).toBe('RequestSession { initiated: false }');
  });

  it('has several keys only if it has all of them', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put({ a: 1, b: { c: 2 }, nothing: null }));
    const asked = [['a', 'b.c'], ['a', 'nothing'], ['a', 'absent'], ['nothing', 'absent'], []];
    const answers = await visitor.in((session) =>
      asked.map((keys) => [session.has(keys), session.exists(keys), session.missing(keys)]),
    );
    expect(answers).toEqual([
      [true, true, false],
      [false, true, false],
      [false, false, false],
      [false, false, true],
      [true, true, true],
    ]);
  });

  it('calls a default function only when needed', async () => {
    let made = 0;
    const make = () => {
      made += 1;
      return ['made'];
    };
    const seen = await app.visitor().in((session) => {
      session.put('cart', ['tea']);
      return [
        session.get('cart', make),
        made,
        session.get('absent', make),
        session.pull('absent', make),
        made,
      ];
    });
    expect(seen).toEqual([['tea'], 0, ['made'], ['made'], 2]);
    expect(made).toBe(2);
  });

  it('updates a value by a function of the old one, and removes it if that returns undefined', async () => {
    const visitor = app.visitor();
    await visitor.in((session) =>
      session.update<string[]>('cart', (cart = []) => [...cart, 'tea']).put('gone', 1),
    );
    await visitor.in((session) =>
      session.update<string[]>('cart', (cart = []) => [...cart, 'milk']).update('gone', () => undefined),
    );
    expect(await visitor.in((session) => session.all())).toEqual({ cart: ['tea', 'milk'] });
  });

  it('returns some of its values, nested ones included', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put({ user: { name: 'Ada', age: 36 }, theme: 'dark', a: 1 }));
    expect(
      await visitor.in((session) => [
        session.only(['user.name', 'a', 'absent']),
        session.except(['user.age', 'a']),
      ]),
    ).toEqual([
      { user: { name: 'Ada' }, a: 1 },
      { user: { name: 'Ada' }, theme: 'dark' },
    ]);
    expect(await visitor.in((session) => session.all())).toEqual({
      user: { name: 'Ada', age: 36 },
      theme: 'dark',
      a: 1,
    });
  });

  it('tells whether it is empty, and whether it was changed', async () => {
    const visitor = app.visitor();
    const states = await visitor.in((session) => [
      [session.isEmpty, session.isModified],
      [session.now('a', 1).isEmpty, session.isModified],
      [session.put('a', 1).isEmpty, session.isModified],
    ]);
    expect(states).toEqual([
      [true, false],
      [false, false],
      [false, true],
    ]);
    expect(
      await visitor.in((session) => [session.isEmpty, session.isModified, session.flush().isEmpty]),
    ).toEqual([false, false, true]);
  });

  it('is loaded again by reload, without uncommitted changes', async () => {
    const visitor = app.visitor();
    const { asHeaders: headers, value: id } = await visitor.handle((session) => session.put('a', 1).id);
    const seen = await visitor.in(async (session) => {
      await app.visitor().in((other) => other.put('b', 2), { headers });
      session.put('a', 'forgotten').flash('status', 'forgotten');
      await session.reload();
      return [session.id, session.all(), session.isModified];
    });
    expect(seen).toEqual([id, { a: 1, b: 2 }, false]);
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1, b: 2 });
  });

  it('lasts ten years after permanent, even without values', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    const { cookies } = await visitor.handle((session) => session.permanent());
    expect(cookies).toEqual([expect.stringContaining('Max-Age=315360000;')]);
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1 });
  });

  it.each([0, -1, Number.NaN, Infinity, 'soon', '', '101 years'])(
    'refuses %s as a lifetime',
    async (duration) => {
      await app.visitor().in((session) => {
        expect(() => session.setDuration(duration)).toThrow(SessionValueError);
        expect(session.isModified).toBe(false);
      });
    },
  );

  it.each(['__proto__', 'a.constructor', 'prototype.b'])(
    'refuses the key %s in every method',
    async (key) => {
      await app.visitor().in((session) => {
        for (const use of [
          () => session.get(key),
          () => session.has(key),
          () => session.exists(key),
          () => session.missing(key),
          () => session.only([key]),
          () => session.except([key]),
          () => session.pull(key),
          () => session.put(key, 1),
          () => session.put(JSON.parse(`{"${key}":1}`)),
          () => session.update(key, () => 1),
          () => session.push(key, 1),
          () => session.increment(key),
          () => session.decrement(key),
          () => session.forget(key),
          () => session.delete(key),
          () => session.reset(JSON.parse(`{"${key}":1}`)),
          () => session.flash(key, 1),
          () => session.now(key, 1),
          () => session.keep(key),
          () => session.old(key),
          () => session.flashMessages.get(key),
          () => session.flashMessages.has(key),
        ]) {
          expect(use, use.toString()).toThrow(SessionValueError);
        }
        expect(session.isModified).toBe(false);
      });
    },
  );

  it('starts anew with a new id when something is written after destroy', async () => {
    const visitor = app.visitor();
    const before = await visitor.in((session) => session.put('a', 1).id);
    const { value, cookies } = await visitor.handle(async (session) => {
      await session.destroy();
      const empty = [session.all(), session.stored, session.isEmpty];
      session.put('b', 2);
      return { empty, id: session.id };
    });
    expect(value.empty).toEqual([{}, false, true]);
    expect(value.id).not.toBe(before);
    expect(cookies).toEqual([expect.stringContaining(`session=v1.${value.id}.`)]);
    expect(await visitor.in((session) => [session.id, session.all()])).toEqual([value.id, { b: 2 }]);
    expect(await app.manager.read(before)).toBeNull();
  });
});
