import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionValueError } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PAIRS } from '../support/test-app.js';

const refuse = (): never => {
  throw new Error('not to be read');
};

/** Turn an object that a session handed out into one that throws when it is read. */
const MAKERS: readonly [string, (value: object) => object][] = [
  [
    'a getter',
    (value) => Object.defineProperty(value, 'total', { get: refuse, enumerable: true, configurable: true }),
  ],
  [
    'a getter in a list',
    (value) =>
      Object.assign(value, {
        lines: [
          {
            get total() {
              return refuse();
            },
          },
        ],
      }),
  ],
  [
    'a Proxy whose values throw',
    (value) => Object.assign(value, { lines: new Proxy({ a: 1 }, { get: refuse }) }),
  ],
  [
    'a Proxy whose keys throw',
    (value) => Object.assign(value, { lines: new Proxy({}, { ownKeys: refuse }) }),
  ],
  [
    'a Proxy that was revoked',
    (value) => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      Object.assign(value, { lines: proxy });
      revoke();
      return value;
    },
  ],
];

describe.each(PAIRS)('A value handed out that throws when it is read, on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    let app: HandlerApp;
    beforeAll(async () => {
      app = await HandlerApp.start(platform, { options: { driver } });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    it.each(MAKERS)('%s: the commit names the key, and the response is 503', async (_what, spoil) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put({ cart: { count: 1 }, other: { a: 1 } }));
      const { value, response, cookies } = await visitor.handle(
        async (session) => {
          spoil(session.get<object>('cart', {}));
          return session.commit().then(
            () => null,
            (error: unknown) => error,
          );
        },
        { status: 503 },
      );
      expect(value).toBeInstanceOf(SessionValueError);
      expect(String(value)).toMatch(/cart/);
      expect(String(value)).not.toMatch(/other/);
      expect(response.status).toBe(503);
      expect(cookies).toEqual([]);
      expect(await visitor.in((session) => session.all())).toEqual({ cart: { count: 1 }, other: { a: 1 } });
    });

    it.each(MAKERS)(
      '%s: the stored session stays intact if the handler does not commit by itself',
      async (_what, spoil) => {
        const visitor = app.visitor();
        await visitor.in((session) => session.put('cart', { count: 1 }));
        await visitor.handle((session) => void spoil(session.get<object>('cart', {})), { status: 503 });
        expect(await visitor.in((session) => session.all())).toEqual({ cart: { count: 1 } });
      },
    );
  });
});
