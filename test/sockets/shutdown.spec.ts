import { setImmediate as turn } from 'node:timers/promises';
import { type OnGatewayDisconnect, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { CountingDriver } from '../support/counting-driver.js';
import { SOCKET_LIBRARIES, connect, startGateways } from './gateway-app.js';

/** Refuses everything once it is closed, like a connection to a server. */
class ClosableDriver extends CountingDriver {
  isClosed = false;
  readonly stored: string[] = [];

  override async read(id: string) {
    this.#assertOpen();
    return super.read(id);
  }

  override async write(...args: Parameters<CountingDriver['write']>) {
    this.#assertOpen();
    this.stored.push(args[1].payload);
    return super.write(...args);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #assertOpen(): void {
    if (this.isClosed) throw new Error('closed');
  }
}

/** Many turns of the event loop: more than closing an application takes if nothing waits. */
async function takeLong(): Promise<void> {
  for (let turns = 0; turns < 200; turns += 1) await turn();
}

let started = new Deferred();

@WebSocketGateway()
class PresenceGateway implements OnGatewayDisconnect {
  async handleDisconnect(): Promise<void> {
    await takeLong();
    Session.put('left', true);
  }

  @SubscribeMessage('work')
  async work(): Promise<void> {
    started.resolve();
    await takeLong();
    Session.put('worked', true);
  }

  @SubscribeMessage('wait')
  wait() {
    started.resolve();
    Session.put('waits', true);
    return NEVER;
  }
}

describe.each(SOCKET_LIBRARIES)(
  'when an application on %s shuts down, on a socket of %s',
  (platform, library) => {
    const start = async (storeTimeout: string) => {
      started = new Deferred();
      const driver = new ClosableDriver();
      const app = await startGateways(platform, library, [PresenceGateway], {
        options: { driver: 'closable', drivers: { closable: { useFactory: () => driver } }, storeTimeout },
      });
      const { asHeaders } = await app.visitor().handle((session) => session.put('user', 'ann'));
      const client = await connect(library, app.url, asHeaders);
      return { app, driver, client };
    };

    const hangs = process.env['MATRIX_NEST'] === '11' && platform === 'fastify' && library === 'socket.io';
    const HANGS = 'With forceCloseConnections, Nest 11 closes no socket of socket.io on Fastify';

    it('handleDisconnect and running messages are finished, and what they wrote is stored', async ({
      skip,
    }) => {
      skip(hangs, HANGS);
      const { app, driver, client } = await start('5s');
      client.send('work');
      await started.promise;
      await app.app.close();
      expect(driver.isClosed).toBe(true);
      expect(driver.stored.at(-1)).toContain('left');
      expect(driver.stored.at(-1)).toContain('worked');
      await client.closed;
    });

    it('a handler that never answers holds nothing up for longer than storeTimeout', async ({ skip }) => {
      skip(hangs, HANGS);
      const { app, driver, client } = await start('300ms');
      client.send('wait');
      await started.promise;
      await app.app.close();
      expect(driver.isClosed).toBe(true);
      expect(driver.stored.at(-1)).toContain('left');
      await client.closed;
    });
  },
);
