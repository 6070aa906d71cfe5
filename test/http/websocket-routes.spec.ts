import { on, once } from 'node:events';
import type { Duplex } from 'node:stream';
import websocket from '@fastify/websocket';
import { Logger } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Session, type SessionModuleOptions } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { CountingDriver } from '../support/counting-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { loadedSnippet } from '../support/loaded-snippet.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import type { TestApplication } from '../support/test-app.js';

/** Returns a value from the facade, or its error. */
function facade(): string {
  try {
    return String(Session.get('user'));
  } catch (error) {
    return String(error);
  }
}

interface Talk {
  readonly app: HandlerApp;
  /** The server's close promises, one for each WebSocket so far. */
  readonly closed: Promise<unknown>[];
  [Symbol.asyncDispose](): Promise<void>;
}

function fastifyOf(app: TestApplication): FastifyAdapter {
  const adapter = app.getHttpAdapter();
  if (!(adapter instanceof FastifyAdapter)) throw new Error('This is for Fastify.');
  return adapter;
}

/** An application with a route for WebSockets, at `/plain`. */
async function start(
  handler: (socket: WebSocket, request: { readonly session: Session }) => unknown,
  options: Partial<SessionModuleOptions> = {},
): Promise<Talk> {
  const app = await HandlerApp.start('fastify', {
    options,
    configure: async (nest) => {
      const adapter = fastifyOf(nest);
      await adapter.getInstance().register(websocket);
      const forWebSockets = { websocket: true };
      adapter
        .getInstance()
        .route({ method: 'GET', url: '/plain', handler: Object(handler), ...forWebSockets });
    },
  });
  const closed: Promise<unknown>[] = [];
  app.app
    .getHttpServer()
    .on('upgrade', (_request: unknown, socket: Duplex) => closed.push(once(socket, 'close')));
  return { app, closed, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

function open({ app }: Talk, headers: Record<string, string> = {}): WebSocket {
  return new WebSocket(`${app.url.replace(/^http/, 'ws')}/plain`, { headers });
}

/** Returns the next message of a WebSocket. */
async function heard(socket: WebSocket): Promise<string> {
  const [text] = await once(socket, 'message');
  return String(text);
}

async function close({ closed }: Talk, socket: WebSocket): Promise<void> {
  socket.close();
  await Promise.all([...closed, once(socket, 'close')]);
}

describe('a WebSocket of Fastify', () => {
  it('does not expose the session of its handshake through the facade when a message arrives', async () => {
    await using talk = await start(async (socket) => {
      socket.send(facade());
      const messages = on(socket, 'message');
      while ((await messages.next()).done !== true) socket.send(facade());
    });
    const { asHeaders } = await talk.app.visitor().handle((session) => session.put('user', 'ann'));
    const socket = open(talk, asHeaders);
    expect(await heard(socket)).toBe('ann');
    const answer = heard(socket);
    socket.send('who');
    expect(await answer).toMatch(
      /^NoSessionError: .* the session of its handshake may have changed or ended/,
    );
    await close(talk, socket);
  });

  it('neither uses up messages nor renews the session with its handshake', async () => {
    await using talk = await start((socket, { session }) => socket.send(String(session.get('status'))), {
      touchEvery: '10s',
    });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    try {
      const visitor = talk.app.visitor();
      const { asHeaders } = await visitor.handle((session) =>
        session.signIn('ann').flash('status', 'Saved.'),
      );
      const before = await talk.app.manager.list('ann');
      vi.setSystemTime(Date.now() + 20_000);
      const socket = open(talk, asHeaders);
      expect(await heard(socket)).toBe('Saved.');
      await close(talk, socket);
      expect(await talk.app.manager.list('ann')).toEqual(before);
      expect(await visitor.in((session) => session.flashMessages.get('status'))).toBe('Saved.');
    } finally {
      vi.useRealTimers();
    }
  });

  it('stores what its handler writes while it is open, immediately and later', async () => {
    const later = new Deferred();
    await using talk = await start(async (socket, { session }) => {
      session.put('first', 1);
      socket.send('hello');
      await later.promise;
      session.put('second', 2);
    });
    const visitor = talk.app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    const socket = open(talk, asHeaders);
    await heard(socket);
    await vi.waitFor(async () => expect(await visitor.in((session) => session.get('first'))).toBe(1));
    later.resolve();
    await vi.waitFor(async () => expect(await visitor.in((session) => session.get('second'))).toBe(2));
    await close(talk, socket);
  });

  it('stores failed changes with the next ones, and reports the failure to its handler', async () => {
    const driver = new ScriptedDriver();
    await using talk = await start(
      async (socket, { session }) => {
        socket.send('hello');
        const messages = on(socket, 'message');
        await messages.next();
        session.push('said', 'first');
        await messages.next();
        const outcome = await session
          .push('said', 'second')
          .commit()
          .then(() => 'stored', String);
        socket.send(outcome);
        await messages.next();
        socket.send(
          await session
            .push('said', 'third')
            .commit()
            .then(() => 'stored', String),
        );
      },
      { driver: 'scripted', drivers: { scripted: { useFactory: () => driver } } },
    );
    const visitor = talk.app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    const socket = open(talk, asHeaders);
    await heard(socket);
    driver.moods = { write: 'failing' };
    const written = driver.calls.length;
    socket.send('1');
    await vi.waitFor(() => expect(driver.calls.slice(written)).toContain('write'));
    let answer = heard(socket);
    socket.send('2');
    expect(await answer).toMatch(/^SessionStoreError/);
    driver.moods = {};
    answer = heard(socket);
    socket.send('3');
    expect(await answer).toBe('stored');
    expect(await visitor.in((session) => session.get('said'))).toEqual(['first', 'second', 'third']);
    await close(talk, socket);
  });

  it('stores nothing of a cookie-based session, and reports it each time', async () => {
    await using talk = await start(
      async (socket, { session }) => {
        const outcome = () =>
          session
            .push('n', 1)
            .commit()
            .then(() => 'stored', String);
        socket.send(JSON.stringify([await outcome(), await outcome()]));
      },
      { driver: 'stealth' },
    );
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    try {
      const { asHeaders } = await talk.app.visitor().handle((session) => session.put('user', 'ann'));
      const socket = open(talk, asHeaders);
      const refused = expect.stringMatching(/^SessionError: The session was not stored/);
      expect(JSON.parse(await heard(socket))).toEqual([refused, refused]);
      expect(logged.mock.calls.flat()).toEqual([expect.stringContaining('needs a cookie')]);
      await close(talk, socket);
    } finally {
      logged.mockRestore();
    }
  });

  it('begins no session, since its cookie could not be sent, and the log says so', async () => {
    const driver = new CountingDriver();
    await using talk = await start(
      (socket, { session }) => {
        session.put('user', 'nobody');
        socket.send('hello');
      },
      { driver: 'counting', drivers: { counting: { useFactory: () => driver } } },
    );
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    try {
      const socket = open(talk);
      await heard(socket);
      await close(talk, socket);
      expect(driver.take()).not.toContain('write');
      expect(logged.mock.calls.flat()).toContainEqual(expect.stringContaining('needs a cookie'));
    } finally {
      logged.mockRestore();
    }
  });
});

describe('the example of @fastify/websocket in the documentation', () => {
  it('counts the messages of a session, refuses strangers, and closes the socket with the session', async () => {
    const route = await loadedSnippet<{ addChat: (app: TestApplication) => Promise<void> }>('chat.route.ts');
    await using app = await HandlerApp.start('fastify', {
      configure: async (nest) => {
        await nest.init();
        await route.addChat(nest);
      },
    });
    const fastify = fastifyOf(app.app).getInstance();
    await expect(fastify.injectWS('/chat')).rejects.toThrow('401');
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.signIn('ann'));
    const injected = await fastify.injectWS('/chat', { headers: asHeaders });
    const socket = new WebSocket(`${app.url.replace(/^http/, 'ws')}/chat`, { headers: asHeaders });
    await once(socket, 'open');
    const said: string[] = [];
    for (const each of [injected, socket, injected]) {
      const answer = heard(each);
      each.send('something');
      said.push(await answer);
    }
    expect(said).toEqual(['1', '2', '3']);
    expect(await visitor.in((session) => session.get('said'))).toBe(3);
    const closed = Promise.all([once(injected, 'close'), once(socket, 'close')]);
    await visitor.in((session) => session.signOut());
    const [, [code, reason]] = await closed;
    expect([code, String(reason)]).toEqual([1008, 'The session has ended.']);
  });
});
