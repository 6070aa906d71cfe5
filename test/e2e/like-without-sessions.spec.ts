import { Test } from '@nestjs/testing';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { EFFORT } from '../parallel/support/replay.js';
import { WatchedDriver } from '../parallel/support/watched-driver.js';
import { type Plan, announce, forgetPlans, plan, randomApplication } from '../support/random-application.js';
import { type RawAnswer, rawRequest } from '../support/raw-request.js';
import { cookieAfter, visible } from '../support/visible-answer.js';
import { ExpectedSession, type RequestNotes, pass } from '../support/session-writes.js';
import { PAIRS, TestApp, type TestApplication, applicationOn } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';

refuseUnhandledRejections();

const plans = fc.array(plan, { minLength: 1, maxLength: 3 });
/** How many turns of the event loop each call of the store takes. */
const slowness = fc.nat(3);
/**
 * The suite plays the same requests each time: in one of some thousands, it depends on time which of two parts comes
 * first. More effort plays others.
 */
const STEADY = EFFORT === 1 ? { numRuns: 40, seed: 1 } : { numRuns: 40 * EFFORT };

/**
 * What was called, and how often. What an interceptor does with values counts once: of several values that a handler
 * emits, it may see some before an outer interceptor fails, which ends them.
 */
function calledIn({ called }: RequestNotes): string[] {
  const isOfValue = (name: string): boolean => name.endsWith(', behind');
  const ofValues = new Set(called.filter(isOfValue));
  return [...ofValues, ...called.filter((name) => !isOfValue(name))].toSorted();
}

describe.each(PAIRS)('an application on %s with %s', (platform, name) => {
  const store = new WatchedDriver(new MemoryDriver({}, systemClock));
  const livesInCookie = name === 'stealth';
  let withSessions: TestApp;
  let bare: TestApplication;
  let bareUrl = '';
  /** What was logged during a request, by both applications: Nest has one logger per process. */
  const logged: string[] = [];

  beforeAll(async () => {
    withSessions = await TestApp.start(platform, {
      ...randomApplication(platform, true, false),
      options: livesInCookie
        ? { driver: 'stealth' }
        : { driver: 'watched', drivers: { watched: { useFactory: () => store } } },
    });
    const testing = await Test.createTestingModule(randomApplication(platform, false, false)).compile();
    bare = applicationOn(platform, testing);
    const note = (line: unknown): void => void logged.push(String(line));
    bare.useLogger({ log: () => undefined, warn: note, error: note });
    await bare.listen(0, '127.0.0.1');
    bareUrl = (await bare.getUrl()).replace('[::1]', '127.0.0.1');
  });
  afterEach(forgetPlans);
  afterAll(async () => {
    await bare.close();
    await withSessions[Symbol.asyncDispose]();
  });

  async function perform(url: string, wanted: Plan, notes: RequestNotes, headers: Record<string, string>) {
    logged.length = 0;
    notes.called.length = 0;
    const { running, headers: own } = announce(wanted, notes);
    const prefix = wanted.hasParameter ? 'with' : 'without';
    const path = `/${prefix}/${wanted.route}?piped=it`;
    const answer = await rawRequest(url + path, { method: wanted.method, headers: { ...headers, ...own } });
    await running.over;
    await pass(8);
    return { answer, log: logged.toSorted(), called: calledIn(notes) };
  }

  it('answers and logs like one without sessions, and stores each change exactly once', async () => {
    const same = async (wanted: Plan[], turns: number): Promise<void> => {
      store.before = () => pass(turns);
      let cookie = '';
      const keep = (answer: RawAnswer): void => {
        cookie = cookieAfter(cookie, answer.headers['set-cookie']);
      };
      const begun = await rawRequest(`${withSessions.url}/begin`);
      const otherId: string = livesInCookie ? '' : JSON.parse(begun.body).id;
      const expected = new ExpectedSession({ other: 'yes' });
      const look = async (): Promise<unknown> => {
        const answer = await rawRequest(`${withSessions.url}/look`, { headers: { cookie } });
        keep(answer);
        return JSON.parse(answer.body);
      };
      for (const each of wanted) {
        const noted = { otherId, livesInCookie, problems: [] };
        const bareNotes: RequestNotes = { ...noted, expected: undefined, called: [] };
        const notes: RequestNotes = { ...noted, expected, called: [] };
        let theirs = await perform(bareUrl, each, bareNotes, {});
        const { etag } = theirs.answer.headers;
        const conditional = each.isConditional && etag !== undefined ? { 'if-none-match': etag } : {};
        if ('if-none-match' in conditional) theirs = await perform(bareUrl, each, bareNotes, conditional);
        const ours = await perform(withSessions.url, each, notes, { cookie, ...conditional });
        keep(ours.answer);
        expect(notes.problems).toEqual([]);
        expect({ ...ours, answer: visible(ours.answer) }).toEqual({
          ...theirs,
          answer: visible(theirs.answer),
        });
        expected.requestEnds(each.method === 'GET');
      }
      expect(await look()).toEqual(expected.readable);
      expected.requestEnds(true);
      expect(await look()).toEqual(expected.readable);
    };
    await fc.assert(fc.asyncProperty(plans, slowness, same), STEADY);
  });
});
