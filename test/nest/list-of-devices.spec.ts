import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';

const MINUTE = 60_000;
const START = 1_800_000_000_000;

const DRIVERS: readonly [name: string, options: (folder: string) => Partial<SessionModuleOptions>][] = [
  ['memory', () => ({ driver: 'memory' })],
  ['file', (location) => ({ driver: 'file', file: { location } })],
];

describe.each(DRIVERS)('the devices of a user, over HTTP, with %s', (_name, optionsFor) => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }));
  afterEach(() => void vi.useRealTimers());

  it('are listed with what a list of devices shows, the latest first, and nobody else’s', async () => {
    await using folder = await TempFolder.make();
    await using app = await HandlerApp.start('express', { options: optionsFor(folder.path) });
    const signIn = async (userId: string, agent = 'a browser'): Promise<Visitor> => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn(userId), { headers: { 'user-agent': agent } });
      return visitor;
    };
    const handleOf = (visitor: Visitor): Promise<string> => visitor.in(({ handle }) => handle);
    const phone = await signIn('ann', 'a phone');
    vi.setSystemTime(START + MINUTE);
    const laptop = await signIn('ann', 'a laptop');
    await signIn('bob');
    const address = expect.stringMatching(/127\.0\.0\.1$/);
    expect(await app.manager.list('ann')).toEqual([
      {
        handle: await handleOf(laptop),
        createdAt: START + MINUTE,
        signedInAt: START + MINUTE,
        lastActivity: START + MINUTE,
        expiresAt: START + 121 * MINUTE,
        ipAddress: address,
        userAgent: 'a laptop',
      },
      {
        handle: await handleOf(phone),
        createdAt: START,
        signedInAt: START,
        lastActivity: START,
        expiresAt: START + 120 * MINUTE,
        ipAddress: address,
        userAgent: 'a phone',
      },
    ]);
    expect(await app.manager.list('nobody')).toEqual([]);
  });
});
