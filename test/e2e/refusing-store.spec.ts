import type { LoggerService } from '@nestjs/common';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, setCookies } from '../support/test-app.js';

/** A broken driver: it answers every write as if another had come first. */
class RefusingDriver extends CustomDriver {
  refuses = false;

  override write(...args: Parameters<CustomDriver['write']>): Promise<boolean> {
    return this.refuses ? Promise.resolve(false) : super.write(...args);
  }
}

describe.each(PLATFORMS)('an application on %s whose driver refuses every write', (platform) => {
  async function begin() {
    const driver = new RefusingDriver(systemClock);
    const lines: string[] = [];
    const note = (line: unknown): void => void lines.push(String(line));
    const app = await HandlerApp.start(platform, {
      options: { driver: 'own', drivers: { own: { useFactory: () => driver } } },
      configure: (application) =>
        application.useLogger({ log: () => undefined, warn: note, error: note } satisfies LoggerService),
    });
    onTestFinished(() => app[Symbol.asyncDispose]());
    // A write waits for a random time between its attempts: here, for the shortest. Mocked only once the application has
    // started, since Nest draws the ids of modules from it, some in advance.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    onTestFinished(() => random.mockRestore());
    const visitor = app.visitor();
    await visitor.in((session) => session.put('name', 'Ada'));
    lines.length = 0;
    driver.refuses = true;
    return { app, lines, visitor };
  }

  it('answers 503, and logs the reason once, not for each request', async () => {
    const { app, lines, visitor } = await begin();
    await visitor.handle((session) => session.put('name', 'Bob'), { status: 503 });
    await visitor.handle((session) => session.put('name', 'Bob').commit(), { status: 503 });
    expect(lines).toEqual([expect.stringMatching(/could not be stored in 200 attempts.*Said once/)]);
    const { response } = await app.visitor().handle((session) => session.put('name', 'Eve'), { status: 503 });
    expect(setCookies(response)).toEqual([]);
    expect(lines).toHaveLength(1);
  });
});
