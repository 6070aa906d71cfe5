import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ClientHttp2Session, type ServerHttp2Session, connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { Controller, Get, Logger } from '@nestjs/common';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Session, SessionModule, type SessionModuleOptions } from 'nestjs-session-kit';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deferred } from '../parallel/support/deferred.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, type Platform, type TestApplication, UNHURRIED } from '../support/test-app.js';

const WARNING =
  'A session cookie marked Secure was sent on a plain http request. Browsers keep it only over https (and on localhost). ' +
  'Behind a proxy that ends TLS: let it set X-Forwarded-Proto. Without https: set the option ' +
  "'cookie.secure' to false. Said once.";

let arrived: Deferred;
let goesOn: Deferred;
const ended: unknown[] = [];

@Controller()
class VisitsController {
  @Get('visits')
  visits(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }

  @Get('look')
  look(@Session() session: Session) {
    return { visits: session.get('visits', 0) };
  }

  @Get('end')
  async end(@Session() session: Session) {
    await session.destroy();
    return {};
  }

  @Get('late')
  async late(@Session() session: Session) {
    arrived.resolve();
    await goesOn.promise;
    session.increment('visits');
    try {
      await session.commit();
    } catch (error) {
      ended.push(error);
    }
    return {};
  }
}

interface Setup {
  readonly options?: Partial<SessionModuleOptions>;
  /** Options of Fastify: `trustProxy`, `http2`. */
  readonly fastify?: object;
  /** The setting `trust proxy` of Express. */
  readonly trustsProxy?: boolean;
  readonly https?: { key: string; cert: string };
}

class Shop implements AsyncDisposable {
  private constructor(
    readonly app: TestApplication,
    readonly url: string,
    readonly said: readonly string[],
    private readonly connections: ReadonlySet<ServerHttp2Session>,
  ) {}

  static async start(platform: Platform, setup: Setup = {}): Promise<Shop> {
    const said: string[] = [];
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void said.push(String(line)));
    const options = { ...UNHURRIED, cookie: { secure: true }, ...setup.options };
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot(options)],
      controllers: [VisitsController],
    }).compile();
    const { https } = setup;
    const common = { logger: false as const, forceCloseConnections: true };
    let app: TestApplication;
    if (platform === 'express') {
      const adapter = new ExpressAdapter();
      if (setup.trustsProxy === true) adapter.set('trust proxy', true);
      app = testing.createNestApplication<NestExpressApplication>(adapter, {
        ...common,
        ...(https === undefined ? {} : { httpsOptions: https }),
      });
    } else {
      const adapter = new FastifyAdapter(
        Object({ ...setup.fastify, ...(https === undefined ? {} : { https }) }),
      );
      app = testing.createNestApplication<NestFastifyApplication>(adapter, common);
    }
    const connections = new Set<ServerHttp2Session>();
    app.getHttpServer().on('session', (connection: ServerHttp2Session) => connections.add(connection));
    await app.listen(0, '127.0.0.1');
    // Nest 11 does not know about the TLS options of Fastify.
    const address = new URL(await app.getUrl());
    const url = `${https === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`;
    return new Shop(app, url, said, connections);
  }

  /** The warnings about Secure cookies. */
  get warnings(): string[] {
    return this.said.filter((line) => line.includes('Secure'));
  }

  /** @returns the number of cookies in the response */
  async get(path: string, headers: Record<string, string> = {}): Promise<number> {
    const response = await fetch(this.url + path, { headers });
    if (!response.ok) throw new Error(await response.text());
    await response.arrayBuffer();
    return response.headers.getSetCookie().length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // With Nest 11, Fastify waits for connections whose clients have gone.
    for (const connection of this.connections) connection.destroy();
    await this.app.close();
  }
}

function isFastify(app: TestApplication): app is NestFastifyApplication {
  return app.getHttpAdapter().getType() === 'fastify';
}

/** Sends a request over HTTP/2. @returns the number of cookies in the response */
async function ask(client: ClientHttp2Session, path: string, headers: object = {}): Promise<number> {
  const stream = client.request({ ':path': path, ...headers });
  const [head] = await once(stream, 'response');
  stream.resume();
  await once(stream, 'end');
  return head['set-cookie']?.length ?? 0;
}

let certificate: { key: string; cert: string };

beforeAll(async () => {
  await using folder = await TempFolder.make();
  const [key, cert] = [`${folder.path}/key.pem`, `${folder.path}/cert.pem`];
  const subject = ['-subj', '/CN=localhost', '-days', '2'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject]);
  certificate = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
});

beforeEach(() => {
  [arrived, goesOn] = [new Deferred(), new Deferred()];
  ended.splice(0);
});

afterEach(() => vi.restoreAllMocks());

describe.each(PLATFORMS)('the warning about a Secure cookie on a plain request, on %s,', (platform) => {
  it('is logged once, says what to do, and holds nothing secret', async () => {
    await using shop = await Shop.start(platform);
    for (let visit = 0; visit < 3; visit += 1) expect(await shop.get('/visits')).toBe(1);
    expect(shop.warnings).toEqual([WARNING]);
  });

  it('is logged if a proxy says http', async () => {
    for (const [trustsProxy, proto] of [
      [false, 'http'],
      [true, 'http'],
      [true, 'http, https'],
      [false, 'httpsx'],
    ] as const) {
      await using shop = await Shop.start(platform, { trustsProxy });
      await shop.get('/visits', { 'X-Forwarded-Proto': proto });
      expect(shop.warnings).toEqual([WARNING]);
    }
  });

  it('is not logged if the proxy says https, trusted by the framework or not', async () => {
    for (const trustsProxy of [false, true])
      for (const proto of ['https', 'HTTPS', 'https, http', ' https ,http']) {
        await using shop = await Shop.start(platform, { trustsProxy, fastify: { trustProxy: trustsProxy } });
        expect(await shop.get('/visits', { 'X-Forwarded-Proto': proto })).toBe(1);
        expect(shop.warnings).toEqual([]);
      }
  });

  it('is not logged if no cookie is sent, set or Secure', async () => {
    const others: Partial<SessionModuleOptions>[] = [{ cookie: { secure: false } }, { header: 'X-Session' }];
    for (const options of others) {
      await using shop = await Shop.start(platform, { options });
      await shop.get('/visits', { 'X-Session': '' });
      expect(shop.warnings).toEqual([]);
    }
    await using shop = await Shop.start(platform);
    expect(await shop.get('/look')).toBe(0);
    // Browsers drop an expired cookie either way.
    await shop.get('/end');
    expect(shop.warnings).toEqual([]);
  });

  it('is not logged over TLS', async () => {
    await using shop = await Shop.start(platform, { https: certificate });
    const asked = httpsRequest(`${shop.url}/visits`, { rejectUnauthorized: false, agent: false }).end();
    const [response] = await once(asked, 'response');
    response.resume();
    expect(response.headers['set-cookie']).toHaveLength(1);
    expect(shop.warnings).toEqual([]);
  });
});

describe('the warning about a Secure cookie on a plain request, on Fastify,', () => {
  it('is not logged if the last of several proxies, which Fastify trusts, says https', async () => {
    await using shop = await Shop.start('fastify', { fastify: { trustProxy: true } });
    await shop.get('/visits', { 'X-Forwarded-Proto': 'http, https' });
    expect(shop.warnings).toEqual([]);
  });

  it('is logged for HTTP/2 without TLS, but not behind a proxy that says https', async () => {
    await using shop = await Shop.start('fastify', { fastify: { http2: true } });
    const client = connect(shop.url);
    expect(await ask(client, '/visits', { 'x-forwarded-proto': 'https' })).toBe(1);
    expect(shop.warnings).toEqual([]);
    expect(await ask(client, '/visits')).toBe(1);
    expect(await ask(client, '/visits')).toBe(1);
    expect(shop.warnings).toEqual([WARNING]);
    client.close();
  });

  it('is not logged for HTTP/2 over TLS', async () => {
    await using shop = await Shop.start('fastify', { fastify: { http2: true }, https: certificate });
    const client = connect(shop.url, { rejectUnauthorized: false });
    expect(await ask(client, '/visits')).toBe(1);
    expect(shop.warnings).toEqual([]);
    client.close();
  });

  it('breaks nothing if the client of an HTTP/2 connection has gone before the response', async () => {
    for (const kind of ['stream', 'connection']) {
      [arrived, goesOn] = [new Deferred(), new Deferred()];
      await using shop = await Shop.start('fastify', { fastify: { http2: true } });
      const client = connect(shop.url);
      client.on('error', () => undefined);
      const stream = client.request({ ':path': '/late' });
      stream.on('error', () => undefined);
      await arrived.promise;
      if (kind === 'stream') stream.close();
      else client.destroy();
      await once(stream, 'close');
      await new Promise((resolve) => setImmediate(resolve));
      goesOn.resolve();
      const other = connect(shop.url);
      expect(await ask(other, '/visits')).toBe(1);
      other.close();
      client.destroy();
      expect(ended).toEqual([]);
    }
  });

  it('is logged for inject(), which is not https', async () => {
    await using shop = await Shop.start('fastify');
    if (!isFastify(shop.app)) throw new Error('not Fastify');
    const { headers } = await shop.app.inject({ url: '/visits' });
    expect(headers['set-cookie']).toBeDefined();
    expect(shop.warnings).toEqual([WARNING]);
  });
});
