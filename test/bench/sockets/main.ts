/** Measures what a session costs a message on a socket, and what it costs a request: the former is to be no more. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { argv } from 'node:process';
import { parseArgs } from 'node:util';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { type RecordDriver, Session, SessionModule } from 'nestjs-session-kit';
import { WebSocket } from 'ws';
import { secret } from '../variants/secrets.js';
import { measureOpen } from './open.js';

const usage = `npm run bench -- sockets [options]

  --rounds <n>          how often each is measured; default 20
  --messages <n>        how many at a time; default 2000
  --open <n>            in place of messages: so many sockets that are open and silent
  --node 24|own         default 24
  --no-build            the package as it was built last`;

const kinds = ['none', 'read', 'write'] as const;

type Kind = (typeof kinds)[number];

let reads = 0;

/** A store in this process that counts what it is asked. */
class CountingStore implements RecordDriver {
  readonly #records = new Map<string, Parameters<RecordDriver['write']>[1]>();

  async read(id: string) {
    reads += 1;
    return this.#records.get(id) ?? null;
  }

  async write(id: string, record: Parameters<RecordDriver['write']>[1]) {
    if ((this.#records.get(id)?.version ?? 0) !== record.version - 1) return false;
    this.#records.set(id, record);
    return true;
  }

  async touch() {
    return true;
  }

  async destroy(id: string) {
    this.#records.delete(id);
  }
}

/** What both doors do, with and without sessions. */
function work(kind: Kind, sessions: boolean): unknown {
  if (!sessions || kind === 'none') return 'ok';
  return kind === 'read' ? Session.get('name') : Session.increment('count');
}

function application(sessions: boolean) {
  @Controller()
  class Pages {
    @Get('begin')
    begin() {
      if (sessions) Session.put({ name: 'x'.repeat(900), count: 0 });
      return 'ok';
    }

    @Get('none')
    none() {
      return { data: work('none', sessions) };
    }

    @Get('read')
    read() {
      return { data: work('read', sessions) };
    }

    @Get('write')
    write() {
      return { data: work('write', sessions) };
    }
  }

  @WebSocketGateway()
  class Gateway {
    @SubscribeMessage('none')
    none() {
      return { event: 'answer', data: work('none', sessions) };
    }

    @SubscribeMessage('read')
    read() {
      return { event: 'answer', data: work('read', sessions) };
    }

    @SubscribeMessage('write')
    write() {
      return { event: 'answer', data: work('write', sessions) };
    }
  }

  const options = { secret, driver: 'counting', drivers: { counting: { useClass: CountingStore } } };
  @Module({
    imports: sessions ? [SessionModule.forRoot(options)] : [],
    controllers: [Pages],
    providers: [Gateway],
  })
  class Application {}
  return Application;
}

/** One client that asks by either door. */
class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #socket: WebSocket | null = null;
  #cookie = '';

  constructor(
    readonly app: NestExpressApplication,
    readonly port: number,
  ) {}

  static async start(sessions: boolean): Promise<Client> {
    const app = await NestFactory.create<NestExpressApplication>(application(sessions), { logger: false });
    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(0, '127.0.0.1');
    const client = new Client(app, Number(new URL(await app.getUrl()).port));
    await client.get('begin');
    client.#socket = new WebSocket(`ws://127.0.0.1:${client.port}`, { headers: { cookie: client.#cookie } });
    await once(client.#socket, 'open');
    return client;
  }

  async get(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const { port } = this;
      const headers = { cookie: this.#cookie };
      request({ host: '127.0.0.1', port, path: `/${path}`, agent: this.#agent, headers }, (response) => {
        const [set] = response.headers['set-cookie'] ?? [];
        if (set !== undefined) this.#cookie = set.split(';')[0] ?? '';
        response.resume().once('end', resolve);
      })
        .once('error', reject)
        .end();
    });
  }

  async message(event: string): Promise<void> {
    const socket = this.#socket;
    if (socket === null) throw new Error('The client is not connected.');
    const answered = once(socket, 'message');
    socket.send(JSON.stringify({ event, data: null }));
    await answered;
  }

  async stop(): Promise<void> {
    this.#socket?.terminate();
    this.#agent.destroy();
    await this.app.close();
  }
}

async function cpuOf(count: number, ask: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) await ask();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: argv.slice(2),
    options: {
      rounds: { type: 'string', default: '20' },
      messages: { type: 'string', default: '2000' },
      open: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  if (values.open !== undefined) return measureOpen(Number(values.open));
  const messages = Number(values.messages);
  const [bare, ours] = [await Client.start(false), await Client.start(true)];
  try {
    const doors = [
      ['message', (client: Client, kind: Kind) => client.message(kind)],
      ['request', (client: Client, kind: Kind) => client.get(kind)],
    ] as const;
    const costs = new Map<string, number[]>();
    for (let round = -1; round < Number(values.rounds); round += 1) {
      for (const [door, ask] of doors) {
        for (const kind of kinds) {
          const without = await cpuOf(messages, () => ask(bare, kind));
          const cost = (await cpuOf(messages, () => ask(ours, kind))) - without;
          // The first round is there for the compiler.
          if (round >= 0) costs.set(`${door} ${kind}`, [...(costs.get(`${door} ${kind}`) ?? []), cost]);
        }
      }
    }
    console.log(`Node ${process.versions.node}: us of CPU time above the same without sessions.\n`);
    console.log('| | nothing | read | write | reads of the store |\n| --- | --- | --- | --- | --- |');
    for (const [door, ask] of doors) {
      const cells = kinds.map((kind) => median(costs.get(`${door} ${kind}`) ?? []).toFixed(1));
      reads = 0;
      await ask(ours, 'read');
      console.log(`| ${door} | ${cells.join(' | ')} | ${reads} |`);
    }
  } finally {
    await bare.stop();
    await ours.stop();
  }
}

await main();
