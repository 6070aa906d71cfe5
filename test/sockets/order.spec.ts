import {
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { beforeEach, describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import type { SessionRecord } from '../../lib/drivers/driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { Deferred } from '../parallel/support/deferred.js';
import { eventually } from '../support/eventually.js';
import { SOCKET_LIBRARIES, answer, connect, startGateways } from './gateway-app.js';

/** What the gateway was called for, and for whom. */
const called: string[] = [];
let left = 0;

@WebSocketGateway()
class OrderGateway implements OnGatewayConnection, OnGatewayDisconnect {
  handleConnection(): void {
    called.push(`connected:${Session.get<string>('user', 'nobody')}`);
  }

  handleDisconnect(): void {
    called.push(`left:${Session.get<string>('user', 'nobody')}`);
    left += 1;
  }

  @SubscribeMessage('who')
  who() {
    called.push(`message:${Session.get<string>('user', 'nobody')}`);
    return answer('handled');
  }
}

/** A store whose next reads wait until they are released, in any order. */
class HeldReads extends CustomDriver {
  readonly held: Deferred[] = [];
  #toHold = 0;
  reads = 0;

  constructor() {
    super(systemClock);
  }

  hold(count: number): void {
    this.#toHold = count;
  }

  override async read(id: string): Promise<SessionRecord | null> {
    this.reads += 1;
    const record = await super.read(id);
    if (this.#toHold === 0) return record;
    this.#toHold -= 1;
    const held = new Deferred();
    this.held.push(held);
    await held.promise;
    return record;
  }
}

async function start(...[platform, library]: (typeof SOCKET_LIBRARIES)[number]) {
  const driver = new HeldReads();
  const app = await startGateways(platform, library, [OrderGateway], {
    options: {
      driver: 'held',
      drivers: { held: { useFactory: () => driver } },
      sockets: { checkEvery: false },
    },
  });
  const visitor = app.visitor();
  const { asHeaders, value: id } = await visitor.handle((session) => session.put('user', 'ann').id);
  return { app, driver, asHeaders, id, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

beforeEach(() => {
  called.length = 0;
  left = 0;
});

describe.each(SOCKET_LIBRARIES)('on %s, by %s', (platform, library) => {
  it('handleDisconnect is called after handleConnection, even if its session is loaded first', async () => {
    await using stage = await start(platform, library);
    const { driver } = stage;
    driver.hold(1);
    const client = await connect(library, stage.app.url, stage.asHeaders);
    await eventually(() => expect(driver.held).toHaveLength(1));
    client.close();
    // The first read is that of the connection, the second one that of handleDisconnect.
    await eventually(() => expect(driver.reads).toBe(2));
    driver.held[0]?.resolve();
    await eventually(() => expect(left).toBe(1));
    expect(called).toEqual(['connected:ann', 'left:ann']);
  });

  it('handleDisconnect is called after the message that came right before', async () => {
    await using stage = await start(platform, library);
    const { driver } = stage;
    const client = await connect(library, stage.app.url, stage.asHeaders);
    await eventually(() => expect(called).toEqual(['connected:ann']));
    const { reads } = driver;
    driver.hold(1);
    client.send('who');
    await eventually(() => expect(driver.held).toHaveLength(1));
    client.close();
    await eventually(() => expect(driver.reads).toBe(reads + 2));
    driver.held[0]?.resolve();
    await eventually(() => expect(left).toBe(1));
    expect(called).toEqual(['connected:ann', 'message:ann', 'left:ann']);
  });

  it('a message whose session has ended while it was loaded is not handled', async () => {
    await using stage = await start(platform, library);
    const { app, driver } = stage;
    const client = await connect(library, app.url, stage.asHeaders);
    await eventually(() => expect(called).toEqual(['connected:ann']));
    driver.hold(2);
    client.send('who');
    client.send('who');
    await eventually(() => expect(driver.held).toHaveLength(2));
    // The second message waits for the first one's turn.
    driver.held[1]?.resolve();
    await app.manager.destroy(stage.id);
    driver.held[0]?.resolve();
    await client.closed;
    await eventually(() => expect(left).toBe(1));
    expect(called).toEqual(['connected:ann', 'left:nobody']);
  });
});
