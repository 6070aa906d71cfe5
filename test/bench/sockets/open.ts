/**
 * Measures the cost of a session for an open but silent socket: memory, and the checks whether the session has ended.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Redis } from 'ioredis';
import { Session, SessionModule } from 'nestjs-session-kit';
import { startRedisProcess } from '../../servers/redis.js';
import { heapUsed } from '../../support/heap-growth.js';
import { EventLoopWatch } from '../scale/event-loop.js';
import { secret } from '../variants/secrets.js';
import type { ClientTask } from './clients.js';

/** How often each socket's session is checked. */
const CHECK_EVERY_MS = 10_000;

interface Measured {
  /** Bytes of heap per open socket. */
  readonly bytes: number;
  /** Bytes of heap left per socket after it is closed. */
  readonly bytesLeft: number;
  /** Milliseconds until all were connected and answered. */
  readonly openMs: number;
  /** For one round of checks on silent sockets: CPU time, longest block of the event loop, and Redis reads. */
  readonly roundCpuMs: number;
  readonly roundBlockMs: number;
  readonly roundReads: number;
}

function application(redisUrl: string | null) {
  @Controller()
  class Pages {
    @Get('begin')
    begin() {
      if (redisUrl !== null) Session.put({ name: 'x'.repeat(900) });
      return 'ok';
    }
  }

  @WebSocketGateway()
  class Gateway {
    @SubscribeMessage('read')
    read() {
      return { event: 'answer', data: redisUrl === null ? 0 : String(Session.get('name')).length };
    }
  }

  const sockets = { checkEvery: CHECK_EVERY_MS };
  const sessions =
    redisUrl === null
      ? []
      : [SessionModule.forRoot({ secret, driver: 'redis', redis: { url: redisUrl }, sockets })];
  @Module({ imports: sessions, controllers: [Pages], providers: [Gateway] })
  class Application {}
  return Application;
}

async function ordered(clients: ChildProcess, task: ClientTask): Promise<void> {
  clients.send(task);
  await once(clients, 'message');
}

/** How many reads the server has answered so far. */
async function readsOf(redis: Redis): Promise<number> {
  return Number(/^cmdstat_get:calls=(\d+)/m.exec(await redis.info('commandstats'))?.[1] ?? 0);
}

async function measure(count: number, redis: Redis, redisUrl: string | null): Promise<Measured> {
  const app = await NestFactory.create<NestExpressApplication>(application(redisUrl), { logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  const clients = fork(fileURLToPath(new URL('clients.js', import.meta.url)));
  try {
    await ordered(clients, { do: 'begin', port: Number(new URL(await app.getUrl()).port), count });
    // One-time growth happens before the measurement.
    await ordered(clients, { do: 'open' });
    await ordered(clients, { do: 'close' });
    await sleep(1_000);
    const before = await heapUsed();
    const begun = performance.now();
    await ordered(clients, { do: 'open' });
    const openMs = performance.now() - begun;
    await sleep(1_000);
    const open = await heapUsed();
    const [reads, cpu] = [await readsOf(redis), process.cpuUsage()];
    await sleep(CHECK_EVERY_MS);
    const { user, system } = process.cpuUsage(cpu);
    const roundReads = (await readsOf(redis)) - reads;
    // A separate round, because watching the event loop itself takes time.
    const watch = new EventLoopWatch();
    await sleep(CHECK_EVERY_MS);
    const block = await watch.stop();
    await ordered(clients, { do: 'close' });
    await sleep(1_000);
    const left = await heapUsed();
    return {
      bytes: (open - before) / count,
      bytesLeft: (left - before) / count,
      openMs,
      roundCpuMs: (user + system) / 1000,
      roundBlockMs: block.ms,
      roundReads,
    };
  } finally {
    clients.kill();
    await app.close();
  }
}

/** @param count number of sockets, each with its own session */
export async function measureOpen(count: number): Promise<void> {
  const server = await startRedisProcess();
  const redis = new Redis(server.url);
  try {
    console.log(
      `Node ${process.versions.node}: ${count} sockets (ws) that are open and silent, sessions in Redis.\n`,
    );
    console.log(
      '| | bytes of heap a socket | left when it has gone | all connected | a round of checks: CPU | longest pause | reads |\n' +
        '| --- | --- | --- | --- | --- | --- | --- |',
    );
    for (const [name, url] of [
      ['without sessions', null],
      ['with sessions', server.url],
    ] as const) {
      const { bytes, bytesLeft, openMs, roundCpuMs, roundBlockMs, roundReads } = await measure(
        count,
        redis,
        url,
      );
      const cells = [
        bytes.toFixed(0),
        bytesLeft.toFixed(0),
        `${openMs.toFixed(0)} ms`,
        `${roundCpuMs.toFixed(0)} ms`,
        `${roundBlockMs.toFixed(0)} ms`,
        roundReads,
      ];
      console.log(`| ${name} | ${cells.join(' | ')} |`);
    }
  } finally {
    redis.disconnect();
    await server.stop();
  }
}
