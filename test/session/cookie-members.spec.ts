import type { IncomingMessage } from 'node:http';
import express, { type CookieOptions } from 'express-session';
import { ExpressAdapter } from '@nestjs/platform-express';
import { describe, expect, it, vi } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { SECRET } from '../support/test-app.js';

/** A cookie of either package, by what any code may do with it. */
type Loose = Record<string, unknown>;

const NOW = 1_800_000_000_000;

/** What is compared of a member: functions by what they are. */
const seen = (value: unknown): unknown => (typeof value === 'function' ? 'a function' : value);

/** Every member by its name, those that are not enumerable included. */
function membersOf(cookie: object): Loose {
  const members: Loose = {};
  for (
    let of: object | null = cookie;
    of !== null && of !== Object.prototype;
    of = Reflect.getPrototypeOf(of)
  )
    for (const name of Object.getOwnPropertyNames(of)) members[name] ??= seen(Reflect.get(cookie, name));
  return members;
}

/** The cookie of express-session in a request, with these options. */
async function theirs(cookie: CookieOptions): Promise<Loose> {
  const handle = express({ secret: SECRET, resave: false, saveUninitialized: false, cookie });
  const adapter = new ExpressAdapter();
  adapter.use(handle);
  let found: unknown;
  adapter.use((req: IncomingMessage, res: { end(): void }) => {
    found = Object(req).session.cookie;
    res.end();
  });
  const server = adapter.getInstance().listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    await fetch(`http://127.0.0.1:${server.address().port}${cookie.path ?? '/'}`);
  } finally {
    server.close();
  }
  if (typeof found !== 'object') throw new Error('express-session has made no session.');
  return Object(found);
}

const HOUR = 3_600_000;

/** Attributes that both packages take. */
interface Attributes {
  readonly path?: string;
  readonly domain?: string;
  readonly partitioned?: boolean;
  readonly priority?: 'high';
  readonly httpOnly?: boolean;
  readonly secure?: boolean;
  readonly sameSite?: true | 'none';
}

const COOKIES: readonly [string, Attributes, endsWithBrowser: boolean][] = [
  ['the defaults', {}, false],
  ['a cookie that ends with the browser', {}, true],
  [
    'all attributes',
    {
      path: '/shop',
      domain: 'shop.test',
      secure: true,
      sameSite: 'none',
      partitioned: true,
      priority: 'high',
      httpOnly: false,
    },
    false,
  ],
  ['strict', { sameSite: true }, false],
];

describe("request.session.cookie beside express-session's", () => {
  it.each(COOKIES)(
    'has all of its members, with the same values: %s',
    async (_what, cookie, clearWithBrowser) => {
      vi.useFakeTimers({ toFake: ['Date'], now: NOW });
      try {
        await using app = await HandlerApp.start('express', {
          options: { cookie: { secure: false, ...cookie }, age: HOUR, clearWithBrowser },
        });
        const { ours, attributes, sent } = await app.visitor().in((_session, { req }) => {
          const found: Loose = Object(req.session).cookie;
          return {
            ours: { members: membersOf(found), data: found['data'], json: JSON.parse(JSON.stringify(found)) },
            attributes: { sameSite: 'lax', secure: false, partitioned: false, ...cookie } as const,
            sent: ['dark', 'a b;ü', 5].map((value) =>
              Reflect.apply(Object(found).serialize, found, ['theme', value]),
            ),
          };
        });
        const real = await theirs({ ...attributes, ...(clearWithBrowser ? {} : { maxAge: HOUR }) });
        expect(ours.members).toMatchObject(membersOf(real));
        expect(ours.data).toEqual(real['data']);
        expect(ours.json).toEqual(JSON.parse(JSON.stringify(real)));
        expect(sent).toEqual(
          ['dark', 'a b;ü', 5].map((value) => Reflect.apply(Object(real).serialize, real, ['theme', value])),
        );
      } finally {
        vi.useRealTimers();
      }
    },
  );

  it('takes _expires as it takes expires, and says what is wrong with a name', async () => {
    await using app = await HandlerApp.start('express');
    const { cookies, value } = await app.visitor().handle((session, { req }) => {
      session.put('cart', 1);
      const { cookie } = Object(req.session);
      Reflect.set(cookie, '_expires', new Date(Date.now() + HOUR));
      expect(() => cookie.serialize('a b', 'x')).toThrow(TypeError);
      return cookie.maxAge > HOUR - 60_000;
    });
    expect(value).toBe(true);
    expect(cookies.join()).toMatch(/max-age=(3600|35\d\d)\b/i);
  });
});
