import { on, once } from 'node:events';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { Logger } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Session, type SessionModuleOptions } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { CountingDriver } from '../support/counting-driver.js';
import { HandlerApp } from '../support/handler-app.js';

/** @fastify/websocket, which Mercurius brings along. */
const plugin: Parameters<FastifyAdapter['register']>[0] = createRequire(
  createRequire(import.meta.url).resolve('mercurius'),
)('@fastify/websocket');

/** What the facade says: a value, or its error. */
function facade(): string {
  try {
    return String(Session.get('user'));
  } catch (error) {
    return String(error);
  }
}

interface Talk {
  readonly app: HandlerApp;
  /** Of the server, for each WebSocket so far. */
  readonly closed: Promise<unknown>[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** An application with a route for WebSockets, at `/plain`. */
async function start(
  handler: (socket: WebSocket, request: { readonly session: Session }) => unknown,
  options: Partial<SessionModuleOptions> = {},
): Promise<Talk> {
  const app = await HandlerApp.start('fastify', {
    options,
    configure: async (nest) => {
      const adapter = nest.getHttpAdapter();
      if (!(adapter instanceof FastifyAdapter)) throw new Error('This is for Fastify.');
      await adapter.register(plugin);
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

/** What a WebSocket hears next. */
async function heard(socket: WebSocket): Promise<string> {
  const [text] = await once(socket, 'message');
  return String(text);
}

async function close({ closed }: Talk, socket: WebSocket): Promise<void> {
  socket.close();
  await Promise.all([...closed, once(socket, 'close')]);
}

describe('a WebSocket of Fastify', () => {
  it('has behind its handler not the session of its handshake', async () => {
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

  it('uses no messages up with its handshake, and renews nothing', async () => {
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

  it('stores what its handler writes while it is open, at once and later', async () => {
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

  it('begins no session that its browser could not hear of, and the log says so', async () => {
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
