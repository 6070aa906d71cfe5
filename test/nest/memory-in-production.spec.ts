import { Logger } from '@nestjs/common';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

const WARNING = /^The driver 'memory' forgets all sessions with the process and shares them with no other\./;

afterEach(() => vi.restoreAllMocks());

describe.each(PLATFORMS)('The warning about sessions in memory, on %s', (platform) => {
  /** The warnings logged while the application boots and serves three visitors. */
  async function said(environment: string, options: Partial<SessionModuleOptions>): Promise<string[]> {
    vi.stubEnv('NODE_ENV', environment);
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await using app = await HandlerApp.start(platform, { options });
    for (let visit = 0; visit < 3; visit += 1) await app.visitor().in((session) => session.put('a', 1));
    return warn.mock.calls.map(([line]) => String(line)).filter((line) => WARNING.test(line));
  }

  it.each<Partial<SessionModuleOptions>>([
    { driver: 'memory' },
    { driver: 'stealth', stealth: { ledger: 'memory' } },
  ])('is logged once in production: %j', async (options) => {
    expect(await said('production', options)).toHaveLength(1);
  });

  it('is not logged in development or with another driver', async () => {
    expect(await said('development', { driver: 'memory' })).toEqual([]);
    expect(await said('production', { driver: 'stealth' })).toEqual([]);
    const own = { useFactory: () => new MemoryDriver({}) };
    expect(await said('production', { driver: 'own', drivers: { own } })).toEqual([]);
  });
});
