/** Measures the cost of a session per socket message and per request: a message should cost no more than a request. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { argv } from 'node:process';
import { parseArgs } from 'node:util';
import { Controller, Get, Module, type Type } from '@nestjs/common';
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

/** The table's labels, by the names of routes and messages. */
const kinds = { none: 'nothing', read: 'read', facade: 'read by the facade', write: 'write' };

let reads = 0;

/** A store in this process that counts reads. */
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

@Controller()
class BarePages {
  @Get('begin')
  begin() {
    return 'ok';
  }

  @Get(['none', 'read', 'facade', 'write'])
  answer() {
    return { data: 'ok' };
  }
}

@WebSocketGateway()
class BareGateway {
  @SubscribeMessage('none')
  none() {
    return { event: 'answer', data: 'ok' };
  }

  @SubscribeMessage('read')
  read() {
    return { event: 'answer', data: 'ok' };
  }

  @SubscribeMessage('facade')
  facade() {
    return { event: 'answer', data: 'ok' };
  }

  @SubscribeMessage('write')
  write() {
    return { event: 'answer', data: 'ok' };
  }
}

@Module({ controllers: [BarePages], providers: [BareGateway] })
class BareApplication {}

@Controller()
class Pages {
  @Get('begin')
  begin(@Session() session: Session) {
    session.put({ name: 'x'.repeat(900), count: 0 });
    return 'ok';
  }

  @Get('none')
  none() {
    return { data: 'ok' };
  }

  @Get('read')
  read(@Session() session: Session) {
    return { data: session.get('name') };
  }

  @Get('facade')
  facade() {
    return { data: Session.get('name') };
  }

  @Get('write')
  write(@Session() session: Session) {
    return { data: session.increment('count') };
  }
}

@WebSocketGateway()
class Gateway {
  @SubscribeMessage('none')
  none() {
    return { event: 'answer', data: 'ok' };
  }

  @SubscribeMessage('read')
  read(@Session() session: Session) {
    return { event: 'answer', data: session.get('name') };
  }

  @SubscribeMessage('facade')
  facade() {
    return { event: 'answer', data: Session.get('name') };
  }

  @SubscribeMessage('write')
  write(@Session() session: Session) {
    return { event: 'answer', data: session.increment('count') };
  }
}

@Module({
  imports: [
    SessionModule.forRoot({ secret, driver: 'counting', drivers: { counting: { useClass: CountingStore } } }),
  ],
  controllers: [Pages],
  providers: [Gateway],
})
class SessionApplication {}

/** A client that sends both messages and requests. */
class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #socket: WebSocket | null = null;
  #cookie = '';

  constructor(
    readonly app: NestExpressApplication,
    readonly port: number,
  ) {}

  static async start(application: Type): Promise<Client> {
    const app = await NestFactory.create<NestExpressApplication>(application, { logger: false });
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
  const [bare, ours] = [await Client.start(BareApplication), await Client.start(SessionApplication)];
  try {
    const clients = [
      ['message', (client: Client, kind: string) => client.message(kind)],
      ['request', (client: Client, kind: string) => client.get(kind)],
    ] as const;
    const costs = new Map<string, number[]>();
    for (let round = -1; round < Number(values.rounds); round += 1) {
      for (const [client, ask] of clients) {
        for (const kind of Object.keys(kinds)) {
          const without = await cpuOf(messages, () => ask(bare, kind));
          const cost = (await cpuOf(messages, () => ask(ours, kind))) - without;
          // The first round only warms up the compiler.
          if (round >= 0) costs.set(`${client} ${kind}`, [...(costs.get(`${client} ${kind}`) ?? []), cost]);
        }
      }
    }
    console.log(`Node ${process.versions.node}: us of CPU time above the same without sessions.\n`);
    const heads = ['', ...Object.values(kinds), 'reads of the store'];
    console.log(`| ${heads.join(' | ')} |\n| ${heads.map(() => '---').join(' | ')} |`);
    for (const [client, ask] of clients) {
      const cells = Object.keys(kinds).map((kind) => median(costs.get(`${client} ${kind}`) ?? []).toFixed(1));
      reads = 0;
      await ask(ours, 'read');
      console.log(`| ${client} | ${cells.join(' | ')} | ${reads} |`);
    }
  } finally {
    await bare.stop();
    await ours.stop();
  }
}

await main();
