import crypto, { randomBytes } from 'node:crypto';
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { syncBuiltinESMExports } from 'node:module';
import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Session, SessionConfigError, type SessionEventName, onSessionEvent } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { EVENTS, HeardEvents } from '../support/heard-events.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';

refuseUnhandledRejections();
afterEach(() => void vi.restoreAllMocks());

describe.each(PLATFORMS)('a listener on %s', (platform) => {
  it('runs in the context of the request, where the facade gives its session', async () => {
    const users: unknown[] = [];
    const stop = onSessionEvent('signed-in', () => users.push(Session.userId));
    await using app = await HandlerApp.start(platform);
    await app.visitor().in((session) => session.signIn('ann'));
    stop();
    await app.visitor().in((session) => session.signIn('bob'));
    expect(users).toEqual(['ann']);
  });

  it('that throws or rejects is logged, and breaks neither the request nor the listeners after it', async () => {
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const heard = vi.fn<() => void>();
    const stops = [
      onSessionEvent('begun', () => {
        throw new Error('thrown by it');
      }),
      onSessionEvent('begun', () => Promise.reject(new Error('rejected by it'))),
      onSessionEvent('begun', () => {
        throw Object.defineProperty(new Error(), 'message', {
          get: () => {
            throw new Error('thrown by its message');
          },
        });
      }),
      onSessionEvent('begun', heard),
    ];
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    expect(await visitor.in((session) => session.get('a'))).toBe(1);
    expect(heard).toHaveBeenCalledTimes(1);
    for (const stop of stops) stop();
    const said = error.mock.calls.flat().map(String);
    expect(said.filter((line) => line.includes("event 'begun'"))).toHaveLength(3);
    expect(said.join('\n')).toMatch(/thrown by it[^]*rejected by it/);
  });

  it('that is not a function is refused', () => {
    expect(() => Reflect.apply(onSessionEvent, undefined, ['begun'])).toThrow(SessionConfigError);
  });

  it('hears what an old secret has opened: the token in the cookie, and the record in the ledger', async () => {
    await using folder = await TempFolder.make();
    const [old, secret] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
    const start = (secrets: string[]) =>
      HandlerApp.start(platform, {
        options: {
          driver: 'stealth',
          stealth: { ledger: 'file' },
          file: { location: folder.path },
          secret: secrets,
        },
      });
    let asHeaders = {};
    {
      await using app = await start([old]);
      ({ asHeaders } = await app.visitor().handle((session) => session.signIn('ann')));
    }
    using heard = new HeardEvents();
    await using app = await start([secret, old]);
    expect(await app.visitor().in(({ userId }) => userId, { headers: asHeaders })).toBe('ann');
    const said = heard.take().filter((each) => each.name === 'old-secret');
    expect(said.map(({ driver, opened }) => `${opened}: ${driver}`).toSorted()).toEqual([
      'record: file',
      'token: stealth',
    ]);
  });

  it('hears when a store begins to fail and when it is back, once each', async () => {
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    using heard = new HeardEvents();
    const driver = new ScriptedDriver();
    await using app = await HandlerApp.start(platform, {
      options: { driver: 'scripted', drivers: { scripted: { useFactory: () => driver } } },
    });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    heard.take();
    driver.mood = 'failing';
    for (let count = 0; count < 3; count += 1)
      await visitor.handle((session) => session.get('a'), { status: 503 });
    const of = { driver: 'scripted', at: expect.any(Number) };
    expect(heard.take()).toEqual([{ name: 'store-failed', ...of, use: 'reading' }]);
    driver.mood = 'well';
    for (let count = 0; count < 2; count += 1) await visitor.in((session) => session.get('a'));
    expect(heard.take().filter(({ name }) => name !== 'loaded')).toEqual([
      { name: 'store-recovered', ...of, ms: expect.any(Number), failures: 3 },
    ]);
  });
});

describe('when nobody listens', () => {
  it('no session handle is derived', async () => {
    const { hash } = crypto;
    const made = vi.fn<typeof hash>(hash);
    const handles = (): number =>
      made.mock.calls.filter(([, data]) => typeof data === 'string' && data.includes(' handle of ')).length;
    await using app = await HandlerApp.start('express');
    const live = async (): Promise<void> => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      await visitor.in((session) => session.increment('a'));
      await visitor.in((session) => session.destroy());
      await app.manager.destroy(await visitor.in((session) => session.put('a', 1).id));
    };
    Object.assign(crypto, { hash: made });
    syncBuiltinESMExports();
    try {
      await live();
      expect(handles()).toBe(0);
      using heard = new HeardEvents();
      await live();
      expect(heard.names()).not.toEqual([]);
      expect(handles()).toBeGreaterThan(0);
    } finally {
      Object.assign(crypto, { hash });
      syncBuiltinESMExports();
    }
  });
});

describe('onSessionEvent', () => {
  it('uses a channel of diagnostics_channel that is named after the event', async () => {
    const raw: unknown[] = [];
    const push = (message: unknown): void => void raw.push(message);
    subscribe('nestjs-session-kit:begun', push);
    await using app = await HandlerApp.start('express');
    const handle = await app.visitor().in((session) => session.put('a', 1).handle);
    unsubscribe('nestjs-session-kit:begun', push);
    expect(raw).toEqual([{ handle, driver: 'memory', at: expect.any(Number) }]);
  });

  it('leaves no subscriber behind', () => {
    const stops = EVENTS.map((name) => onSessionEvent(name, () => undefined));
    const subscribed = (): boolean[] =>
      EVENTS.map((name) => channel(`nestjs-session-kit:${name}`).hasSubscribers);
    expect(new Set(subscribed())).toEqual(new Set([true]));
    for (const stop of [...stops, ...stops]) stop();
    expect(new Set(subscribed())).toEqual(new Set([false]));
  });

  it('refuses an unknown event name and lists the known ones', () => {
    // Plain JavaScript knows no types.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const name = 'signedIn' as SessionEventName;
    expect(() => onSessionEvent(name, () => undefined)).toThrow(SessionConfigError);
    expect(() => onSessionEvent(name, () => undefined)).toThrow(EVENTS.join(', '));
  });
});
