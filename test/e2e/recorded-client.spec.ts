import { Logger } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

describe.each(PLATFORMS)('what is recorded beside a session on %s', (platform) => {
  const headers = { 'user-agent': 'a browser', 'x-forwarded-for': '203.0.113.7' };

  async function recorded(setup: HandlerAppSetup, user: string | number = 42) {
    await using app = await HandlerApp.start(platform, setup);
    const id = await app.visitor().in((session) => session.put('userId', user).id, { headers });
    return app.manager.read(id);
  }

  it('is the user, and the address and user agent of the last writer', async () => {
    expect(await recorded({})).toMatchObject({
      userId: '42',
      ipAddress: expect.stringMatching(/^(::ffff:)?127\.0\.0\.1$/),
      userAgent: 'a browser',
    });
  });

  it('is, for a long user id, as many whole characters as stores have room for, and a hash of it all', async () => {
    const short = 'x'.repeat(254);
    expect(await recorded({}, short)).toMatchObject({ userId: short });
    const long = `${'y'.repeat(190)}${'\u{1F600}'.repeat(40)}`;
    const userId = expect.stringMatching(/^y{190}\?[0-9a-f]{64}$/);
    expect(await recorded({}, long)).toMatchObject({ userId });
  });

  it.runIf(platform === 'express')('is the address that a trusted proxy forwards', async () => {
    const configure: HandlerAppSetup['configure'] = (app) => {
      const adapter = app.getHttpAdapter();
      if (adapter instanceof ExpressAdapter) adapter.set('trust proxy', true);
    };
    expect(await recorded({ configure })).toMatchObject({ ipAddress: '203.0.113.7' });
  });

  it('is neither address nor user agent if recordClient is false', async () => {
    expect(await recorded({ options: { recordClient: false } })).toMatchObject({
      userId: '42',
      ipAddress: null,
      userAgent: null,
    });
  });
});

describe('the driver memory', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  async function warningsAt(environment: string): Promise<unknown[]> {
    vi.stubEnv('NODE_ENV', environment);
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await using app = await HandlerApp.start('express');
    await app.visitor().in((session) => session.put('a', 1));
    return warn.mock.calls.flat().filter((line) => String(line).includes("'memory'"));
  }

  it('warns once in production, and not elsewhere', async () => {
    expect(await warningsAt('production')).toHaveLength(1);
    vi.restoreAllMocks();
    expect(await warningsAt('development')).toEqual([]);
  });

  it('keeps no process alive to collect garbage', async () => {
    const timers = vi.spyOn(globalThis, 'setInterval');
    await using app = await HandlerApp.start('express', { options: { gc: '123456ms' } });
    const made = timers.mock.calls.findIndex(([, every]) => every === 123_456);
    expect(timers.mock.results[made]?.value.hasRef()).toBe(false);
    expect(app.url).toContain('127.0.0.1');
  });

  it('keeps no more sessions than the option max says, and evicts the least recently used one first', async () => {
    await using app = await HandlerApp.start('express', { options: { memory: { max: 2 } } });
    const [first, second, third] = [app.visitor(), app.visitor(), app.visitor()];
    await first.in((session) => session.put('name', 'first'));
    await second.in((session) => session.put('name', 'second'));
    await first.in((session) => session.get('name'));
    await third.in((session) => session.put('name', 'third'));
    const name = (visitor: typeof first) => visitor.in((session) => session.get('name', null));
    expect([await name(first), await name(second), await name(third)]).toEqual(['first', null, 'third']);
  });
});
