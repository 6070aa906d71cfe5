import 'reflect-metadata';
import { Body, Controller, Get, Module, Param, Post, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { type RecordDriver, RequestSession, Session, SessionModule } from '../../../lib/index.js';
import { sessionContext } from '../../../lib/session/session.context.js';
import type { RequestPlan } from './history.js';
import { Player, type Stage } from './player.js';
import { type StoreSetting, openStore } from './store-setting.js';
import type { Trace } from './trace.js';

/** The order sent to a server process. */
export interface ServerOrder {
  readonly secret: string;
  readonly store: StoreSetting;
}

/** The server process's answer. */
export type ServerReport = { readonly url: string } | { readonly error: string };

/** A request of a history, as sent over HTTP. */
export interface PlayOrder {
  readonly name: string;
  readonly plan: RequestPlan;
}

/** A stage whose moments two processes on one machine agree on. */
const stage: Stage = {
  pause: async () => {
    await turn();
    if (Math.random() < 0.3) await sleep(Math.random() * 4);
  },
  tick: () => Number(process.hrtime.bigint()),
};

/** Plays histories, and counts. */
@Controller()
export class HistoriesController {
  @Post('begin')
  begin(@Session() session: RequestSession, @Body() values: Record<string, unknown>): object {
    session.put(values);
    session.flash('status', 'welcome');
    return {};
  }

  @Post('play')
  async play(@Session() session: RequestSession, @Body() { name, plan }: PlayOrder): Promise<Trace> {
    const hosted = sessionContext.getStore();
    if (hosted?.session !== session) throw new Error('The handler has another session than its context');
    const player = new Player(stage, hosted, name, plan.looks);
    // The session was loaded before the handler, at some earlier time.
    await player.load(0);
    await player.play(plan);
    await player.settled();
    // The package commits after this. The client knows when that is over, but nobody whether changes were dropped.
    player.leave();
    return player.trace;
  }

  @Post('count/:key')
  count(@Session() session: RequestSession, @Param('key') key: string): object {
    session.increment('count');
    session.push('list', key);
    session.put(`own.${key}`, true);
    return {};
  }

  @Get('view')
  view(@Session() session: RequestSession): unknown {
    return session.all();
  }
}

/** The application, on an already opened driver. */
export function applicationOn(secret: string, driver: RecordDriver): Type {
  @Module({
    imports: [
      SessionModule.forRoot({
        secret,
        driver: 'shared',
        storeTimeout: '60s',
        drivers: { shared: { useFactory: () => driver } },
      }),
    ],
    controllers: [HistoriesController],
  })
  class ServerModule {}
  return ServerModule;
}

/** Starts an application for an order and reports its address. */
async function serve({ secret, store }: ServerOrder): Promise<ServerReport> {
  const { driver } = await openStore(store);
  const app = await NestFactory.create<NestFastifyApplication>(
    applicationOn(secret, driver),
    new FastifyAdapter(),
    { logger: ['error'] },
  );
  await app.listen(0, '127.0.0.1');
  return { url: (await app.getUrl()).replace('[::1]', '127.0.0.1') };
}

if (process.send !== undefined && process.env['SESSION_TEST_SERVER'] === 'true') {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (order: ServerOrder) => {
    serve(order).then(
      (report) => process.send?.(report),
      (error: unknown) => process.send?.({ error: String(error) } satisfies ServerReport),
    );
  });
}
