import { EventEmitter, once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { SessionMiddleware, type SessionModuleOptions } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

/** `request.session` as code written for express-session uses it. */
interface ExpressSession {
  views?: number;
  save(callback: (error?: Error) => void): void;
}

/** What code that runs middleware for a handshake passes instead of a response. */
const STAND_INS: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  'an empty object, as the manuals of ws and socket.io show it': () => ({}),
  // It has no `headersSent`.
  "engine.io's own object": () =>
    Object.assign(new EventEmitter(), {
      setHeader() {},
      getHeader() {},
      writeHead() {},
      write() {},
      end() {},
    }),
};

type Use = (session: ExpressSession) => unknown;

/** An application, and a server beside it that runs the middleware without a response. */
async function start(
  platform: (typeof PLATFORMS)[number],
  standIn: () => unknown,
  options: Partial<SessionModuleOptions> = {},
) {
  const log: string[] = [];
  const note = (line: unknown): void => void log.push(String(line));
  const app = await HandlerApp.start(platform, {
    options,
    configure: (nest) => {
      nest.useLogger({ log: () => undefined, warn: note, error: note });
    },
  });
  const sessions = app.app.get(SessionMiddleware);
  let use: Use = () => null;
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const session: ExpressSession = Reflect.get(req, 'session');
    res.end(JSON.stringify(await Promise.resolve(session).then(use).catch(String)));
  };
  const server = createServer((req, res) => {
    const next = (error?: Error): void =>
      void (error === undefined ? answer(req, res) : res.end(JSON.stringify(String(error))));
    const args: unknown[] = [req, standIn(), next];
    Reflect.apply(Object(sessions.use.bind(sessions)), undefined, args);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  return {
    app,
    log,
    /** Runs the middleware with a visitor's cookie, and then a function with `request.session`. */
    async handshake(cookie: string, next: Use): Promise<unknown> {
      use = next;
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } });
      return response.json();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await app[Symbol.asyncDispose]();
    },
  };
}

/** Stores and reports the outcome. */
const save = (session: ExpressSession): Promise<string> =>
  new Promise((resolve) => session.save((error) => resolve(error === undefined ? 'saved' : String(error))));

const addView = (session: ExpressSession): number => (session.views = (session.views ?? 0) + 1);

describe.each(PLATFORMS)('SessionMiddleware called for a handshake on %s', (platform) => {
  describe.each(Object.entries(STAND_INS))('with %s instead of a response', (_what, standIn) => {
    it('stores what is saved, as with express-session', async () => {
      await using both = await start(platform, standIn);
      const visitor = both.app.visitor();
      const { asHeaders } = await visitor.handle((session) => session.put('views', 1));
      const outcome = await both.handshake(asHeaders.cookie, (session) => {
        addView(session);
        return save(session);
      });
      expect(outcome).toBe('saved');
      expect(await visitor.in((session) => session.get('views'))).toBe(2);
    });

    it('stores what is written without being saved', async () => {
      await using both = await start(platform, standIn);
      const visitor = both.app.visitor();
      const { asHeaders } = await visitor.handle((session) => session.put('views', 1));
      expect(await both.handshake(asHeaders.cookie, addView)).toBe(2);
      expect(await visitor.in((session) => session.get('views'))).toBe(2);
    });

    it('never reports as saved what would need a cookie', async () => {
      await using both = await start(platform, standIn, { driver: 'stealth' });
      const visitor = both.app.visitor();
      const { asHeaders } = await visitor.handle((session) => session.put('views', 1));
      const outcome = await both.handshake(asHeaders.cookie, async (session) => {
        addView(session);
        await save(session);
        addView(session);
        return save(session);
      });
      expect(outcome).toMatch(/SessionError: .*cookie/);
      // Once, and no advice to call `commit`, as that was called.
      expect(both.log).toEqual([expect.stringContaining('needs a cookie')]);
      expect(await visitor.in((session) => session.get('views'))).toBe(1);
    });

    it('is no visit: it uses up no message and renews nothing', async () => {
      await using both = await start(platform, standIn, { touchEvery: 1 });
      const visitor = both.app.visitor();
      const { asHeaders } = await visitor.handle((session) =>
        session.put('views', 1).flash('status', 'Hello.'),
      );
      expect(await both.handshake(asHeaders.cookie, ({ views }) => views)).toBe(1);
      expect(await visitor.in((session) => session.old('status'))).toBe('Hello.');
    });
  });
});

describe.each(PLATFORMS)('SessionMiddleware called in a unit test on %s', (platform) => {
  it('can be written to although the response has no request, like that of node-mocks-http', async () => {
    const method = (): void => undefined;
    const methods = { writeHead: method, write: method, end: method };
    const res = Object.assign(new EventEmitter(), methods, { headersSent: false, writableEnded: false });
    await using app = await HandlerApp.start(platform);
    const req = { method: 'GET', url: '/', headers: {} };
    const sessions = app.app.get(SessionMiddleware);
    await new Promise<void>((resolve) => {
      Reflect.apply(Object(sessions.use.bind(sessions)), undefined, [req, res, resolve]);
    });
    expect(addView(Reflect.get(req, 'session'))).toBe(1);
  });
});
