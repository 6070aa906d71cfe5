import { on } from 'node:events';
import { createRequire } from 'node:module';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Session } from 'nestjs-session-kit';
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

it('what goes on behind the handler of a WebSocket of Fastify has not the session of its handshake', async () => {
  await using app = await HandlerApp.start('fastify', {
    configure: async (nest) => {
      const adapter = nest.getHttpAdapter();
      if (!(adapter instanceof FastifyAdapter)) throw new Error('This is for Fastify.');
      await adapter.register(plugin);
      const handler = async (socket: WebSocket): Promise<void> => {
        socket.send(facade());
        const messages = on(socket, 'message');
        while ((await messages.next()).done !== true) socket.send(facade());
      };
      const forWebSockets = { websocket: true };
      adapter.getInstance().route({ method: 'GET', url: '/plain', handler, ...forWebSockets });
    },
  });
  const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
  const socket = new WebSocket(`${app.url.replace(/^http/, 'ws')}/plain`, { headers: asHeaders });
  const heard = (): Promise<string> =>
    new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('message', (text: Buffer) => resolve(text.toString()));
    });
  expect(await heard()).toBe('ann');
  const answer = heard();
  socket.send('who');
  expect(await answer).toMatch(/^NoSessionError: .* the session of its handshake may have changed or ended/);
  socket.close();
});
