import { setImmediate as nextTurn } from 'node:timers/promises';
import { Controller, Get, Query } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Session, SessionValueError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

@Controller()
class KeyController {
  @Get('value')
  value(@Session() session: Session, @Query('key') key: string): object {
    return { value: session.get<string>(key, 'nothing') };
  }
}

const log: string[] = [];
const note = (line: unknown): void => void log.push(String(line));

afterEach(() => {
  log.length = 0;
});

describe.each(PLATFORMS)('on %s', (platform) => {
  const start = (driver = 'memory') =>
    HandlerApp.start(platform, {
      controllers: [KeyController],
      options: { driver },
      configure: (app) => {
        app.useLogger({ log: () => undefined, warn: note, error: note });
      },
    });

  describe('a property set on the facade', () => {
    it('is refused, because all visitors would see it', async () => {
      await using app = await start();
      const set = app.visitor().in(() => Reflect.set(Session, 'passport', { user: 'alice' }));
      expect(await set).toBe(false);
      expect(await app.visitor().in(() => Reflect.get(Session, 'passport') ?? null)).toBeNull();
      expect(() => Object.assign(Session, { userId: 5 })).toThrow(TypeError);
    });
  });

  describe('a key chosen by a visitor', () => {
    it.each(['__proto__', 'a.constructor.b', 'prototype'])(
      'is answered with 400 if it is invalid: %s',
      async (key) => {
        await using app = await start();
        await app.visitor().agent.get(`/value?key=${key}`).expect(400);
        await app.visitor().agent.get(`/value?key=a&key=${key}`).expect(400);
      },
    );

    it('does not expose all values if it is missing', async () => {
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.put('secret', 'treasure'));
      const all = visitor.in((session) =>
        Reflect.apply(session.get.bind(session), null, [undefined, 'nothing']),
      );
      await expect(all).rejects.toThrow(SessionValueError);
      expect((await app.visitor().agent.get('/value').expect(400)).text).not.toContain('treasure');
    });
  });

  describe('fields of a form with dots in their names', () => {
    it.each<[string, object, Record<string, unknown>]>([
      ['below a list', { list: [1], 'list.foo': 'b' }, { list: [1], 'list.foo': 'b' }],
      ['below a text', { email: 'a@b', 'email.confirm': 'c@d' }, { email: 'a@b', 'email.confirm': 'c@d' }],
      ['beside an object', { 'a.b': 1, a: { b: 2 } }, { 'a.b': 1, a: { b: 2 } }],
      ['in a list', { tags: ['a'], 'tags.0': 'b' }, { tags: ['a'], 'tags.0': 'b' }],
      ['thousands of them', { [`${'a.'.repeat(5000)}b`]: 1 }, { [`${'a.'.repeat(5000)}b`]: 1 }],
    ])('come back as typed, and do no harm: %s', async (_, body, expected) => {
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.flashAll(), { body });
      const old = await visitor.in((session) => Object.keys(expected).map((name) => session.old(name)));
      expect(old).toEqual(Object.values(expected));
    });
  });

  describe('a default for a message', () => {
    it('can be a function, as for a value', async () => {
      await using app = await start();
      const defaults = await app
        .visitor()
        .in((session) => [
          session.old('email', () => 'nobody'),
          session.flashMessages.get('status', () => 'none'),
          session.get('count', () => 0),
        ]);
      expect(defaults).toEqual(['nobody', 'none', 0]);
    });
  });

  describe('a change after the response has ended', () => {
    it.each([true, false])(
      'is logged, since it is not stored (session changed before: %s)',
      async (before) => {
        await using app = await start();
        const visitor = app.visitor();
        await visitor.in((session) => session.put('name', 'Ada'));
        const session = await visitor.in((current) => {
          if (before) current.put('visits', 1);
          return current;
        });
        session.put('late', 1);
        await nextTurn();
        expect(log).toEqual([expect.stringContaining('changed after its response had ended')]);
        expect(await visitor.in((current) => current.get('late', 'nothing'))).toBe('nothing');
      },
    );

    it('is stored by a commit, and nothing is logged', async () => {
      await using app = await start();
      const visitor = app.visitor();
      const session = await visitor.in((current) => current.put('name', 'Ada'));
      await session.put('late', 1).commit();
      await nextTurn();
      expect(log).toEqual([]);
      expect(await visitor.in((current) => current.get('late', 'nothing'))).toBe(1);
    });
  });

  it('a cookie-based session cannot be ended from outside, and the log says so', async () => {
    await using app = await start('stealth');
    await app.manager.destroy('whichever');
    expect(log).toEqual([
      expect.stringContaining('SessionManager.destroy does nothing with the driver "stealth"'),
    ]);
  });

  it('update refuses anything but a function, and says so', async () => {
    await using app = await start();
    const update = vi.fn<() => unknown>(() => undefined);
    await app.visitor().in((session) => {
      for (const given of [undefined, 5, {}]) {
        const call = () => Reflect.apply(session.update.bind(session), null, ['count', given]);
        expect(call).toThrow(SessionValueError);
        expect(call).toThrow('in place of a function');
      }
      session.update('count', update);
    });
    expect(update).toHaveBeenCalledOnce();
  });
});
