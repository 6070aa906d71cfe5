import { Logger } from '@nestjs/common';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { describe, expect, it, vi } from 'vitest';
import { OneStore } from '../support/one-session.js';

describe('The warning about an age that may have been meant in seconds', () => {
  async function said(options: Partial<SessionModuleOptions>): Promise<string[]> {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      await OneStore.start(options);
      return warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes("'age'"));
    } finally {
      warn.mockRestore();
    }
  }

  it.each([3600, '3600'])('is logged when the application boots with %j', async (age) => {
    expect(await said({ age })).toEqual([
      "Sessions end 3.6 s after the last visit: 'age' is 3600, and numbers are milliseconds. " +
        "If you meant another unit, name it: '30s', '2h'.",
    ]);
  });

  it.each([undefined, '30s', 60_000])('is not logged with %j', async (age) => {
    expect(await said(age === undefined ? {} : { age })).toEqual([]);
  });
});
