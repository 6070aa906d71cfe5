import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SessionModule, type SessionModuleOptions } from 'nestjs-session-kit';
import { describe, expect, it, vi } from 'vitest';
import { SECRET } from '../support/test-app.js';

describe('The warning about options of a driver that is not in use', () => {
  async function said(options: Partial<SessionModuleOptions>): Promise<string[]> {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      const imports = [SessionModule.forRoot({ secret: SECRET, ...options })];
      const module = await Test.createTestingModule({ imports }).compile();
      await module.init();
      await module.close();
      return warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes("'driver'"));
    } finally {
      warn.mockRestore();
    }
  }

  const redis = { url: 'redis://127.0.0.1:1' };

  it('is logged when the application boots without the option driver', async () => {
    expect(await said({ redis })).toEqual([
      "Sessions are kept by the driver 'stealth', in the visitors' cookies, and the options under 'redis' are not used for them: " +
        "'driver' is not set. Set driver: 'redis', or driver: 'stealth' if that is meant.",
    ]);
  });

  it.each<Partial<SessionModuleOptions>>([
    {},
    { driver: 'stealth', redis },
    { driver: 'memory', memory: { max: 5 }, redis },
    { stealth: { maxCookies: 2 } },
    { memory: { max: 5 }, stealth: { ledger: 'memory' } },
  ])('is not logged with %j', async (options) => {
    expect(await said(options)).toEqual([]);
  });
});
