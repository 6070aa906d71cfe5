import { randomBytes } from 'node:crypto';
import { Agent, type ClientRequest, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Body, Controller, Get, Headers, Post } from '@nestjs/common';
import type { Application } from 'express';
import { describe, expect, it } from 'vitest';
import { type RecordDriver, Session, SessionDriver, type SessionRecord } from 'nestjs-session-kit';
import { Keyring } from '../../lib/crypto/keyring.js';
import { randomId } from '../../lib/crypto/random-id.js';
import { StealthDriver } from '../../lib/drivers/stealth/stealth.driver.js';
import { heapGrowth } from '../support/heap-growth.js';
import { SECRET, TestApp } from '../support/test-app.js';

@Controller()
class PagesController {
  @Post('write')
  write(@Session() session: Session, @Headers('authorization') authorization = '') {
    // As in an application that identifies its users by a token.
    session.put('userId', authorization.slice('Bearer '.length, 'Bearer '.length + 40));
    return {};
  }

  @Post('sign-up')
  signUp(@Session() session: Session, @Body() body: { name: string }) {
    session.put('name', body.name);
    return {};
  }

  @Get('read')
  read(@Session('userId') userId: string) {
    return { userId };
  }
}

/** As an application might write one: keeps the records that it gets. */
@SessionDriver('plain')
class PlainDriver implements RecordDriver {
  readonly #records = new Map<string, SessionRecord>();

  read = (id: string) => Promise.resolve(this.#records.get(id) ?? null);
  write = (id: string, record: SessionRecord) => {
    this.#records.set(id, { ...record });
    return Promise.resolve(true);
  };
  touch = () => Promise.resolve(true);
  destroy = () => Promise.resolve();
}

/** The length that each header is filled up to: Node accepts 16 KB of headers in all. */
const HEADER = 3800;
const SESSIONS = 600;
/** More than a session takes with its share of one-time growth, and far less than it would take with one header. */
const MAX_A_SESSION = 4200;

/** Long enough for a slice of a string to retain the whole string (V8 copies slices shorter than 13). */
const NAME = 24;
/** The length of a form that both platforms accept. */
const FORM = 90_000;
/** Fewer than a cache remembers: one that retains forms retains all of these. */
const FORMS = 100;
/** Far more than a session takes, and far less than a form. */
const MAX_A_FORM = 30_000;

const filler = (length: number): string => randomBytes(length).toString('base64url').slice(0, length);

/** Large headers that a session takes a part of: no header is the same twice. */
function headers(cookie?: string): Record<string, string> {
  return {
    'user-agent': `Mozilla/5.0 ${filler(HEADER)}`,
    authorization: `Bearer ${filler(HEADER)}`,
    'x-forwarded-for': `2001:0db8:85a3:0000:0000:8a2e:0370:7334, ${'203.0.113.195, '.repeat(240)}10.0.0.1`,
    cookie: cookie === undefined ? `a=${filler(HEADER)}` : `${cookie}; a=${filler(HEADER)}`,
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

async function send(app: TestApp, method: string, path: string, cookie?: string): Promise<string> {
  return cookieOf(request(app.url + path, { method, agent, headers: headers(cookie) }).end());
}

/** Sends a form with a name and a long field. @returns the cookie that it got */
async function signUp(app: TestApp, about: string): Promise<string> {
  const sent = request(`${app.url}/sign-up`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  return cookieOf(sent.end(`about=${about}&name=${filler(NAME)}`));
}

async function cookieOf(sent: ClientRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject).on('response', (response) => {
      const [set = ''] = response.headers['set-cookie'] ?? [];
      text(response).then(() => resolve(set.slice(0, set.indexOf(';'))), reject);
    });
  });
}

// Each platform and each driver once: the platform decides what is cut out of a request, the driver what is kept.
describe('Memory per session', () => {
  it.each([
    ['express', 'memory'],
    ['fastify', 'plain'],
  ] as const)('on %s, with the driver %s, retains no request header', async (platform, driver) => {
    await using app = await TestApp.start(platform, {
      controllers: [PagesController],
      providers: [PlainDriver],
      options: { driver },
      configure: (each) => {
        const instance: unknown = each.getHttpAdapter().getInstance();
        // Makes Express take the address from a header.
        if (isExpress(instance)) instance.set('trust proxy', true);
      },
    });
    const visit = async (): Promise<void> => {
      const cookie = await send(app, 'POST', '/write');
      // And later visits, with a known id and cookie.
      await send(app, 'POST', '/write', cookie);
      await send(app, 'GET', '/read', cookie);
    };
    const visits = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 10) await Promise.all(Array.from({ length: 10 }, visit));
    };
    // As many as are measured: one-time growth (compiled code, type feedback) is over by then.
    await visits(SESSIONS);
    expect((await heapGrowth(() => visits(SESSIONS))) / SESSIONS).toBeLessThan(MAX_A_SESSION);
  });
});

describe('Memory per form', () => {
  it.each([
    ['express', 'memory'],
    ['fastify', 'stealth'],
  ] as const)('on %s, with the driver %s, retains only what was stored of it', async (platform, driver) => {
    await using app = await TestApp.start(platform, {
      controllers: [PagesController],
      options: { driver },
    });
    const visits = async (length: number): Promise<void> => {
      const about = 'x'.repeat(length);
      for (let done = 0; done < FORMS; done += 10)
        await Promise.all(Array.from({ length: 10 }, () => signUp(app, about)));
    };
    // With short forms: a cache that retains whole forms would be full of long ones before it is measured.
    await visits(10);
    expect((await heapGrowth(() => visits(FORM))) / FORMS).toBeLessThan(MAX_A_FORM);
  });
});

const isExpress = (instance: unknown): instance is Application =>
  typeof instance === 'function' && 'set' in instance;

/** A token as it arrives: a slice of a Cookie header. */
function cutOut(token: string): string {
  const header = `session=${token}; a=${filler(12_000)}`;
  return header.slice('session='.length, 'session='.length + token.length);
}

describe('The token cache', () => {
  const COUNT = 300;

  it('of signed ids retains no header', async () => {
    const keyring = new Keyring([SECRET], 'session');
    const tokens = Array.from({ length: COUNT }, () => keyring.sign(randomId()));
    const growth = await heapGrowth(() => {
      for (const token of tokens) expect(keyring.verify(cutOut(token))).not.toBeNull();
      // Once more, from another header.
      for (const token of tokens) expect(keyring.verify(cutOut(token))).not.toBeNull();
    });
    expect(growth / COUNT).toBeLessThan(3000);
    expect(keyring.verify(tokens[0] ?? '')).not.toBeNull();
  });

  it('of sealed sessions retains no header', async () => {
    const driver = new StealthDriver(new Keyring([SECRET], 'session'));
    const record = {
      payload: '{}',
      expiresAt: Date.now() + 60_000,
      version: 1,
      lastActivity: 1,
      userId: null,
      ipAddress: null,
      userAgent: null,
    };
    const tokens = Array.from({ length: COUNT }, () => driver.seal(record));
    const growth = await heapGrowth(() => {
      for (const token of tokens) expect(driver.open(cutOut(token))).not.toBeNull();
      for (const token of tokens) expect(driver.open(cutOut(token))).not.toBeNull();
    });
    expect(growth / COUNT).toBeLessThan(3000);
    expect(driver.open(tokens[0] ?? '')).not.toBeNull();
  });
});
