import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { Browser, receivedCookies } from './browser.js';
import type { Settings } from './model-application.js';
import { Play, type Time } from './play.js';
import { LISTED_USERS, flashScripts, scripts, written } from './script.js';

const START = Date.UTC(2030, 0, 1);
/** More runs find rarer failures: MODEL_RUNS=5000 npx vitest run test/model */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 100);

const time: Time = {
  now: () => Date.now(),
  advance: (ms) => vi.setSystemTime(Date.now() + ms),
};

const USUAL: Omit<Settings, 'keepsThem'> = {
  ageMs: 2 * 60 * 60_000,
  touchEveryMs: 60_000,
  automaticTouch: true,
  clearWithBrowser: false,
};

const KEEPING = {
  memory: 'in a store',
  own: 'in a store',
  stealth: 'in cookies',
  ledger: 'in cookies and a ledger',
} as const;

const optionsOf = (driver: keyof typeof KEEPING) =>
  driver === 'ledger' ? { driver: 'stealth', stealth: { ledger: 'memory' } } : { driver };

const SHORT = { ageMs: 90_000, touchEveryMs: 600_000 };

describe.each([
  { platform: 'express', driver: 'memory', special: 'the usual options', settings: USUAL },
  { platform: 'fastify', driver: 'memory', special: 'the usual options', settings: USUAL },
  { platform: 'express', driver: 'stealth', special: 'the usual options', settings: USUAL },
  { platform: 'fastify', driver: 'stealth', special: 'the usual options', settings: USUAL },
  {
    platform: 'express',
    driver: 'own',
    special: 'clearWithBrowser',
    settings: { ...USUAL, clearWithBrowser: true },
  },
  {
    platform: 'fastify',
    driver: 'own',
    special: 'no automaticTouch',
    settings: { ...USUAL, automaticTouch: false },
  },
  { platform: 'express', driver: 'ledger', special: 'the usual options', settings: USUAL },
  { platform: 'fastify', driver: 'ledger', special: 'a short age', settings: { ...USUAL, ...SHORT } },
  { platform: 'fastify', driver: 'memory', special: 'a short age', settings: { ...USUAL, ...SHORT } },
  {
    platform: 'express',
    driver: 'stealth',
    special: 'a short age, clearWithBrowser',
    settings: { ...USUAL, ...SHORT, clearWithBrowser: true },
  },
] as const)('a session on $platform, in $driver, with $special', ({ platform, driver, settings }) => {
  const { ageMs, touchEveryMs, ...switches } = settings;
  const keepsThem = KEEPING[driver];
  const isInStore = keepsThem === 'in a store';
  const lists = driver === 'memory' || driver === 'ledger';
  let app: HandlerApp;

  beforeAll(async () => {
    const drivers = { own: { useFactory: () => new CustomDriver(systemClock) } };
    app = await HandlerApp.start(platform, {
      options: { ...optionsOf(driver), drivers, age: ageMs, touchEvery: touchEveryMs, ...switches },
    });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['whatever two visitors do', scripts({ switches: isInStore, lists })],
    ['whatever they remove and keep of what was flashed', flashScripts()],
  ])('behaves like the model of the design, %s', async (_what, some) => {
    await fc.assert(
      fc.asyncProperty(some, async (script) => {
        vi.setSystemTime(START);
        if (lists) for (const user of LISTED_USERS) await app.manager.endAll(user);
        try {
          await new Play(app, time, { ...settings, keepsThem }).play(script);
        } catch (error) {
          throw new Error(`${written(script)}\n`, { cause: error });
        }
      }),
      { numRuns: RUNS, includeErrorInReport: false },
    );
  });

  it.skipIf(!isInStore)(
    'behaves like the model when a request takes an id that was just left (stealth stores nothing under ids)',
    async () => {
      const visit = { visitor: 0, afterMs: 1, prefetch: false, form: null, fails: false } as const;
      const take = { use: 'switch', args: ['setId', 'left', false] };
      const put = { use: 'put', args: ['a', 1] };
      for (const use of ['get', 'commit', 'reload', 'regenerate', 'invalidate', 'destroy', 'touch']) {
        const step = { use, args: use === 'get' ? ['a'] : [] };
        vi.setSystemTime(START);
        const playing = new Play(app, time, { ...settings, keepsThem }).play([
          { ...visit, steps: [put] },
          { ...visit, steps: [{ use: 'regenerate', args: [] }] },
          { ...visit, steps: [take, { use: 'get', args: ['a'] }, put, step, put] },
          { ...visit, visitor: 1, steps: [take, step, { use: 'get', args: ['a'] }] },
          { ...visit, steps: [{ use: 'get', args: ['a'] }] },
        ]);
        await expect(playing, use).resolves.toBeUndefined();
      }
    },
  );

  it('never ends while its visitor returns in time, whether to read or to write', async () => {
    // The last renewal may be as old as the renewal interval.
    const longest = ageMs - Math.min(touchEveryMs, ageMs / 4);
    const pauses = fc.array(fc.oneof(fc.nat(longest), fc.nat(60_000)), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(pauses, async (waited) => {
        vi.setSystemTime(START);
        const browser = new Browser();
        let writes = 0;
        for (const [count, pause] of waited.entries()) {
          time.advance(pause);
          const cookie = browser.header(time.now());
          const isReading = settings.automaticTouch && count % 3 === 2;
          const { value, response } = await app
            .visitor()
            .handle((session) => (isReading ? session.get('visits') : session.increment('visits')), {
              headers: cookie === undefined ? {} : { cookie },
            });
          for (const each of receivedCookies(response.headers)) browser.receive(each, time.now());
          if (!isReading) writes += 1;
          expect(value, `visit ${count}`).toBe(writes);
        }
      }),
      { numRuns: Math.ceil(RUNS / 40) },
    );
  });
});
