import { randomBytes } from 'node:crypto';
import { Controller, Get } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { clockGoesOn } from '../support/clock-goes-on.js';
import { HandlerApp } from '../support/handler-app.js';
import { HEADER, HeaderClient, tokenOf } from '../support/header-client.js';
import { PlainDriver } from '../support/plain-driver.js';
import { rawRequest } from '../support/raw-request.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, SECRET, pairsOf, setCookies } from '../support/test-app.js';

@Controller()
class WhoController {
  @Get('who')
  who(@Session() session: Session) {
    return session.get<string>('userId', 'nobody');
  }
}

// On each platform, a driver that keeps sessions and one that seals them.
describe.each(pairsOf(['memory', 'file', 'plain', 'stealth']))(
  'On %s with %s, a client that sends the header',
  (platform, driver) => {
    const isSealed = driver === 'stealth' || driver === 'plain';
    let folder: TempFolder;
    let app: HandlerApp;

    beforeAll(async () => {
      folder = await TempFolder.make();
      app = await HandlerApp.start(platform, {
        controllers: [WhoController],
        providers: [PlainDriver],
        options: { driver, header: HEADER, file: { location: folder.path }, touchEvery: '1h', age: '8h' },
      });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    const signedIn = async (): Promise<HeaderClient> => {
      const client = new HeaderClient(app);
      await client.in((session) => session.put('userId', 'ann'));
      return client;
    };
    const user = (client: HeaderClient) => client.in((session) => session.get('userId', 'nobody'));

    it.each(['', 'new'])('gets its token in it, and no cookie, when it sends %j', async (sent) => {
      const client = new HeaderClient(app);
      const handled = await client.handle((session) => session.put('userId', 'ann'), {
        headers: { [HEADER]: sent },
      });
      expect(tokenOf(handled)).toMatch(/^[\w.-]{40,}$/);
      expect(handled.cookies).toEqual([]);
      expect(handled.response.headers).toMatchObject({
        vary: expect.stringMatching(/(^|, )X-Session$/),
        'cache-control': 'private, no-cache="X-Session"',
      });
      expect(await user(client)).toBe('ann');
    });

    it('gets no token if nothing was written, and a new one only if needed', async () => {
      const handled = await new HeaderClient(app).handle((session) => session.get('userId'));
      expect([tokenOf(handled), handled.cookies]).toEqual([undefined, []]);
      const client = await signedIn();
      expect(tokenOf(await client.handle((session) => session.get('userId')))).toBeUndefined();
      const changed = await client.handle((session) => session.put('seen', true));
      expect(tokenOf(changed) !== undefined).toBe(isSealed);
      expect(changed.cookies).toEqual([]);
    });

    it('gets a new token with a new id, and the old one opens nothing', async () => {
      const client = await signedIn();
      const before = client.token;
      await client.in((session) => session.regenerate());
      expect(client.token).not.toBe(before);
      expect(await user(client)).toBe('ann');
      client.token = before;
      expect(await user(client)).toBe('nobody');
    });

    it('gets an empty value when its session ends, and only then', async () => {
      const client = await signedIn();
      const ended = await client.handle((session) => session.destroy());
      expect([tokenOf(ended), ended.cookies]).toEqual(['', []]);
      expect(await user(client)).toBe('nobody');
      const never = await new HeaderClient(app).handle((session) => session.destroy(), {
        headers: { [HEADER]: '' },
      });
      expect(tokenOf(never)).toBeUndefined();
    });

    it('continues with an empty session under another token after signing out', async () => {
      const client = await signedIn();
      const before = client.token;
      await client.in((session) => session.signOut());
      expect([client.token === before, client.token === '', await user(client)]).toEqual([
        false,
        false,
        'nobody',
      ]);
    });

    it('has flash messages, an id and request.session.cookie like any other', async () => {
      const client = await signedIn();
      await client.in((session) => session.flash('status', 'Saved.'));
      expect(await client.in((session) => session.flashMessages.get('status'))).toBe('Saved.');
      expect(await client.in((session) => session.flashMessages.get('status', null))).toBeNull();
      const seen = await client.in((session, { req }) => ({
        id: session.id,
        sessionID: (req as { sessionID?: unknown }).sessionID,
        cookie: JSON.parse(JSON.stringify((req.session as { cookie: unknown }).cookie)) as object,
        isSigned: session.setSignedId(session.signedId) !== false,
      }));
      expect(seen.sessionID).toBe(seen.id);
      expect(seen.cookie).toMatchObject({ path: '/', httpOnly: true });
      // A driver of the application's own may seal in any format.
      expect(seen.isSigned).toBe(driver !== 'plain');
    });

    it('uses the header even if it sends a cookie as well, which stays as it is', async () => {
      const browser = app.visitor();
      await browser.in((session) => session.put('userId', 'bob'));
      const client = await signedIn();
      const both = await client.handle((session) => session.put('seen', session.get('userId')), {}, browser);
      expect(both.cookies).toEqual([]);
      const nobody = await client.handle(
        (session) => session.get('userId', 'nobody'),
        { headers: { [HEADER]: 'new' } },
        browser,
      );
      expect([nobody.value, nobody.cookies]).toEqual(['nobody', []]);
      expect(await browser.in((session) => session.only(['userId', 'seen']))).toEqual({ userId: 'bob' });
      expect(await client.in((session) => session.only(['userId', 'seen']))).toEqual({
        userId: 'ann',
        seen: 'ann',
      });
    });

    it.each([
      { cookie: 'theme=dark' },
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    ])('is told apart from one with cookies, which gets no header: %j', async (headers) => {
      const browser = await app.visitor().handle((session) => session.put('userId', 'bob'), { headers });
      expect(browser.cookies).toHaveLength(1);
      expect(tokenOf(browser)).toBeUndefined();
      expect(browser.response.headers).toMatchObject({
        vary: expect.stringMatching(/(^|, )Cookie$/),
        'cache-control': 'private, no-cache="Set-Cookie"',
      });
    });

    it.each([{}, { 'sec-fetch-mode': 'cors' }, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }])(
      'gets its token in header and cookie if its kind is unknown, and can continue with either: %j',
      async (headers) => {
        const jar = app.visitor();
        const first = await jar.handle((session) => session.put('userId', 'ann'), { headers });
        expect(first.cookies).toHaveLength(1);
        expect(first.response.headers).toMatchObject({
          vary: expect.stringMatching(/(^|, )X-Session, Cookie$/),
          'cache-control': 'private, no-cache="Set-Cookie, X-Session"',
        });
        const client = new HeaderClient(app);
        client.token = tokenOf(first) ?? null;
        expect(await user(client)).toBe('ann');
        const changed = await client.handle((session) => session.regenerate());
        expect(changed.cookies).toEqual([]);
        expect(await user(client)).toBe('ann');

        const keeps = app.visitor();
        await keeps.in((session) => session.put('userId', 'bob'), { headers });
        const again = await keeps.handle((session) => session.put('seen', session.get('userId')), {
          headers,
        });
        expect(tokenOf(again)).toBeUndefined();
        expect(await keeps.in((session) => session.get('seen'))).toBe('bob');
      },
    );

    it('whose kind is unknown gets nothing if nothing was written', async () => {
      const handled = await app.visitor().handle((session) => session.get('userId'));
      expect([tokenOf(handled), handled.cookies]).toEqual([undefined, []]);
      expect(handled.response.headers['vary'] ?? '').not.toContain('X-Session');
    });

    it('opens nothing with the token of a cookie, nor a browser with that of a header', async () => {
      if (driver === 'plain') return;
      const browser = await app.visitor().handle((session) => session.put('userId', 'bob'));
      const client = await signedIn();
      // So that both are remembered.
      await app.visitor().in((session) => session.get('userId'), { headers: browser.asHeaders });
      await user(client);
      const cookie = browser.asHeaders.cookie.slice('session='.length);
      const asHeader = { headers: { [HEADER]: cookie } };
      expect(await new HeaderClient(app).in((session) => session.get('userId', 'nobody'), asHeader)).toBe(
        'nobody',
      );
      const asCookie = { headers: { cookie: `session=${client.token}` } };
      expect(await app.visitor().in((session) => session.get('userId', 'nobody'), asCookie)).toBe('nobody');
    });

    it('is treated as having no token if it sends garbage', async () => {
      const client = await signedIn();
      const token = client.token ?? '';
      const flipped = token.slice(0, -3) + (token.at(-3) === 'A' ? 'B' : 'A') + token.slice(-2);
      const rubbish = [
        'null',
        'undefined',
        'Bearer x',
        ' ',
        'v1.',
        'v1s.',
        'v1s.AAAA',
        'v1.%.x',
        '%00',
        '__proto__',
        token.slice(0, -4),
        flipped,
        `${token},${token}`,
        `v1s.${randomBytes(9000).toString('base64url')}`,
        `v1.${'a'.repeat(12_000)}.b`,
        '\u00ff'.repeat(9000),
      ];
      for (const sent of rubbish) {
        const init = { headers: { [HEADER]: sent } };
        const handled = await new HeaderClient(app).handle(
          (session) => session.get('userId', 'nobody'),
          init,
        );
        expect([handled.value, tokenOf(handled), handled.cookies]).toEqual(['nobody', undefined, []]);
      }
      expect(await user(client)).toBe('ann');
    });

    it('is treated as having no token if the header comes twice, and refused by Node if it takes 16 KB', async () => {
      const client = await signedIn();
      const token = client.token ?? '';
      const who = (sent: string | string[]) => rawRequest(`${app.url}/who`, { headers: { [HEADER]: sent } });
      expect((await who(token)).body).toBe('ann');
      const twice = await who([token, token]);
      expect([twice.body, twice.headers['x-session']]).toEqual(['nobody', undefined]);
      const long = await who('a'.repeat(16 * 1024));
      expect(long.status).toBe(431);
    });

    it('opens nothing with a token of another application', async () => {
      await using other = await HandlerApp.start(platform, {
        options: {
          driver: driver === 'plain' ? 'stealth' : driver,
          header: HEADER,
          secret: `not ${SECRET}`,
          file: { location: folder.path },
        },
      });
      const client = new HeaderClient(other);
      await client.in((session) => session.put('userId', 'eve'));
      const init = { headers: { [HEADER]: client.token ?? '' } };
      expect(await new HeaderClient(app).in((session) => session.get('userId', 'nobody'), init)).toBe(
        'nobody',
      );
    });
  },
);

describe.each(PLATFORMS)('The header of a sealed session, on %s', (platform) => {
  let app: HandlerApp;

  beforeAll(async () => {
    app = await HandlerApp.start(platform, { options: { driver: 'stealth', header: HEADER } });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('is a single line up to its limit, and can be read again', async () => {
    const client = new HeaderClient(app);
    await client.in((session) => session.put({ much: randomBytes(4200).toString('base64url'), few: 1 }));
    expect(client.token?.length).toBeGreaterThan(7000);
    expect(await client.in((session) => session.get('few'))).toBe(1);
  });

  it('is left out if it does not fit, for a client that may keep cookies', async () => {
    const handled = await app
      .visitor()
      .handle((session) => session.put('much', randomBytes(6500).toString('base64url')));
    expect(handled.cookies.length).toBeGreaterThan(1);
    expect(tokenOf(handled)).toBeUndefined();
  });

  it('holds less than cookies do, and the error names the header, the sizes and the largest keys', async () => {
    const client = new HeaderClient(app);
    const browser = await app
      .visitor()
      .handle((session) => session.put('much', randomBytes(5000).toString('base64url')));
    expect(browser.cookies.length).toBeGreaterThan(1);
    const much = randomBytes(5000).toString('base64url');
    const refused = await client.in((session) => session.put('much', much).commit().then(String, String), {
      status: 503,
    });
    expect(refused).toMatch(
      /SessionTooLargeError: The session takes \d+ bytes in the header X-Session, and \d{4} are allowed .* Its largest keys: much/,
    );
  });
});

describe.each(PLATFORMS)('With the option header, on %s', (platform) => {
  it('a request that renews the session gets the token again, whatever the path of the cookie', async () => {
    await using app = await HandlerApp.start(platform, {
      options: { header: HEADER, touchEvery: 0, cookie: { path: '/elsewhere' } },
    });
    const client = new HeaderClient(app);
    await client.in((session) => session.put('userId', 'ann'));
    await clockGoesOn();
    const visited = await client.handle((session) => session.get('userId'));
    expect([visited.value, tokenOf(visited)]).toEqual(['ann', client.token]);
  });

  it('a response keeps its own headers, except that of the token', async () => {
    await using app = await HandlerApp.start(platform, { options: { header: HEADER } });
    const client = new HeaderClient(app);
    const handled = await client.handle((session, { res }) => {
      session.put('userId', 'ann');
      const reply = res as { header(name: string, value: string): unknown };
      reply.header('Vary', 'Accept');
      reply.header('Cache-Control', 'no-store');
      reply.header('x-SESSION', 'forged');
    });
    expect(tokenOf(handled)).toMatch(/^v1\./);
    expect(handled.response.headers).toMatchObject({
      vary: 'Accept, X-Session',
      'cache-control': 'no-store',
    });
    expect(setCookies(handled.response)).toEqual([]);
  });
});

it.each(PLATFORMS)('Without the option, the header is ignored, on %s', async (platform) => {
  await using app = await HandlerApp.start(platform);
  const handled = await app
    .visitor()
    .handle((session) => session.put('userId', 'ann'), { headers: { [HEADER]: 'new' } });
  expect([tokenOf(handled), handled.cookies.length]).toEqual([undefined, 1]);
});
