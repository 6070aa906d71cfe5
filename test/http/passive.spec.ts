import { Controller, Get, Module, Query } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Flash, type FlashMessages, PassiveSession, Session, SessionConfigError } from 'nestjs-session-kit';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import { PLATFORMS, type Platform, setCookies } from '../support/test-app.js';

const MINUTE = 60_000;
const START = 1_800_000_000_000;

/** Does with the session what the request asks for. */
function perform(session: Session, what?: string): object {
  if (what === 'put') session.put('seen', true);
  if (what === 'flash') session.flash('status', 'Flashed by a poll.');
  if (what === 'regenerate') session.regenerate();
  if (what === 'sign-in') session.signIn('bob');
  if (what === 'fail') throw new Error('The handler failed.');
  return { user: session.userId, seen: session.get('seen'), expiresAt: session.expiresAt };
}

@Controller()
class Pages {
  /** Made passive by the option. */
  @Get('poll')
  poll(@Session() session: Session, @Query('do') what?: string) {
    return perform(session, what);
  }

  @Get('unread')
  @PassiveSession()
  unread(@Query('do') what?: string) {
    return perform(Session.current(), what);
  }

  @Get('messages')
  @PassiveSession()
  messages(@Flash() messages: FlashMessages) {
    return messages;
  }

  @Get('page')
  page(@Flash() messages: FlashMessages) {
    return messages;
  }
}

@Controller('notifications')
@PassiveSession()
class Notifications {
  @Get()
  index(@Session() session: Session, @Query('do') what?: string) {
    return perform(session, what);
  }
}

@Module({ controllers: [Pages, Notifications] })
class PagesModule {}

const ROUTES = ['/poll', '/unread', '/notifications'];
const CASES = PLATFORMS.flatMap((platform) =>
  ['memory', 'stealth'].map((driver): [Platform, string] => [platform, driver]),
);

describe.each(CASES)('A passive route, on %s with %s', (platform, driver) => {
  let app: HandlerApp;
  let visitor: Visitor;

  beforeAll(async () => {
    const options = { driver, passive: ['/poll'] };
    app = await HandlerApp.start(platform, { options, imports: [PagesModule] });
  });
  afterAll(() => app[Symbol.asyncDispose]());
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: START });
    visitor = app.visitor();
    await visitor.in((session) => session.signIn('ann'));
  });
  afterEach(() => void vi.useRealTimers());

  const minutesLater = (minutes: number): void => void vi.setSystemTime(START + minutes * MINUTE);
  const get = (path: string, who = visitor) => who.agent.get(path);
  const userOf = (): Promise<string | null> => visitor.in(({ userId }) => userId);

  it.each(ROUTES)('reads the session without renewing it: %s', async (route) => {
    for (const minute of [30, 60, 119]) {
      minutesLater(minute);
      const response = await get(route);
      expect(response.body).toEqual({ user: 'ann', expiresAt: START + 120 * MINUTE });
      expect(setCookies(response)).toEqual([]);
    }
    minutesLater(121);
    expect(await userOf()).toBeNull();
  });

  it('leaves renewal to all other routes', async () => {
    minutesLater(119);
    await get('/poll');
    await get('/page');
    minutesLater(121);
    expect((await get('/poll')).body).toMatchObject({ user: 'ann' });
  });

  it.each(ROUTES)('does not renew if its handler fails either: %s', async (route) => {
    minutesLater(119);
    const response = await get(`${route}?do=fail`);
    expect(response.status).toBe(500);
    expect(setCookies(response)).toEqual([]);
    minutesLater(121);
    expect(await userOf()).toBeNull();
  });

  it.each(ROUTES)('stores what is written without extending the lifetime: %s', async (route) => {
    minutesLater(119);
    const response = await get(`${route}?do=put`);
    const cookies = driver === 'stealth' ? [expect.stringContaining('Max-Age=60;')] : [];
    expect(setCookies(response)).toEqual(cookies);
    expect((await get(route)).body).toEqual({ user: 'ann', seen: true, expiresAt: START + 120 * MINUTE });
    minutesLater(121);
    expect(await userOf()).toBeNull();
  });

  it('shows messages without using them up', async () => {
    await visitor.in((session) => session.flash('status', 'Saved.'));
    for (const path of ['/messages', '/messages', '/page'])
      expect((await get(path)).body, path).toEqual({ status: 'Saved.' });
    expect((await get('/page')).body).toEqual({});
  });

  it.each(ROUTES)('may flash messages itself: %s', async (route) => {
    await visitor.in((session) => session.flash('hint', 'Press F1.'));
    await get(`${route}?do=flash`);
    expect((await get('/page')).body).toEqual({ hint: 'Press F1.', status: 'Flashed by a poll.' });
    expect((await get('/page')).body).toEqual({});
  });

  it.each(ROUTES)('may give the session another id without extending the lifetime: %s', async (route) => {
    minutesLater(119);
    expect(setCookies(await get(`${route}?do=regenerate`))).toEqual([expect.stringContaining('Max-Age=60;')]);
    expect(await get(route)).toMatchObject({ body: { user: 'ann', expiresAt: START + 120 * MINUTE } });
  });

  it.each(ROUTES)('may sign a user in, with the full lifetime: %s', async (route) => {
    minutesLater(119);
    await get(`${route}?do=sign-in`);
    expect((await get(route)).body).toEqual({ user: 'bob', expiresAt: START + 239 * MINUTE });
  });

  it.each(ROUTES)('may begin a session, with the full lifetime: %s', async (route) => {
    const other = app.visitor();
    await get(`${route}?do=put`, other);
    expect((await get(route, other)).body).toEqual({
      user: null,
      seen: true,
      expiresAt: START + 120 * MINUTE,
    });
  });

  it.runIf(driver === 'memory')('leaves the last activity and the client as they were', async () => {
    await visitor.in((session) => session.signIn('carol'));
    const before = await app.manager.list('carol');
    minutesLater(119);
    for (const route of ROUTES) await get(`${route}?do=put`).set('user-agent', 'a poller');
    expect(await app.manager.list('carol')).toEqual(before);
  });
});

it.each([['/a/:'], [{}], [{ path: '/a', method: 1000 }]])(
  'An invalid route in `passive` (%j) stops the boot, and the error names the option',
  async (route) => {
    const starting = HandlerApp.start('express', { options: { passive: [route as string] } });
    await expect(starting).rejects.toThrow(SessionConfigError);
    await expect(starting).rejects.toThrow(/passive/);
  },
);
