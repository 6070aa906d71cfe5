// The manual of dframework's sessions, from top to bottom, in this package's terms.
import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { SessionEntity } from '../../lib/drivers/database/index.js';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { PLATFORMS, SECRET } from '../support/test-app.js';

const TEN_YEARS_SECONDS = 10 * 365 * 24 * 60 * 60;

/** A service that gets no session, and finds that of its caller. */
@Injectable()
class CartService {
  add(line: string) {
    Session.push('cart', line);
  }

  get lines() {
    return Session.get<string[]>('cart', []);
  }
}

describe.each(PLATFORMS)("the manual of dframework's sessions on %s", (platform) => {
  let app: HandlerApp;
  const start = (setup: HandlerAppSetup) => HandlerApp.start(platform, setup);

  beforeAll(async () => {
    app = await start({});
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  const setups: Record<string, () => HandlerAppSetup> = {
    memory: () => ({ options: { driver: 'memory' } }),
    stealth: () => ({ options: { driver: 'stealth' } }),
    database: () => ({
      options: { driver: 'database' },
      imports: [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database: ':memory:',
          entities: [SessionEntity],
          synchronize: true,
          retryAttempts: 0,
        }),
      ],
    }),
  };

  it.each(Object.keys(setups))('remembers values between requests, with %s', async (driver) => {
    await using chosen = await start({ ...setups[driver]?.(), providers: [CartService] });
    const cart = chosen.app.get(CartService);
    const [ada, bob] = [chosen.visitor(), chosen.visitor()];
    await ada.in(() => cart.add('tea'));
    await bob.in(() => cart.add('coffee'));
    await ada.in(() => cart.add('milk'));
    expect(await ada.in(() => cart.lines)).toEqual(['tea', 'milk']);
    expect(await bob.in(() => cart.lines)).toEqual(['coffee']);
  });

  describe('the facade', () => {
    it('is the session of the current request, awaited or not', async () => {
      const visitor = app.visitor();
      await visitor.in(async (session) => {
        expect(Session.current()).toBe(session);
        // oxlint-disable-next-line typescript/await-thenable -- as the manual writes it: awaited, it has to work too
        await Session.set('key', 'value');
      });
      expect(await visitor.in(async () => [await Session.get('key'), Session.get('key')])).toEqual([
        'value',
        'value',
      ]);
    });

    it('keeps two concurrent requests apart', async () => {
      let arrived = 0;
      let open = () => {};
      const both = new Promise<void>((resolve) => {
        open = resolve;
      });
      const meet = async (name: string) => {
        // oxlint-disable-next-line typescript/await-thenable -- as the manual writes it: awaited, it has to work too
        await Session.set('name', name);
        arrived += 1;
        if (arrived === 2) open();
        await both;
        return Session.get('name');
      };
      const seen = await Promise.all(['ada', 'bob'].map((name) => app.visitor().in(() => meet(name))));
      expect(seen).toEqual(['ada', 'bob']);
    });

    it('returns a default for a missing key', async () => {
      const visitor = app.visitor();
      expect(await visitor.in(() => Session.get('name', 'guest'))).toBe('guest');
      await visitor.in(() => Session.set('name', 'Ada'));
      expect(await visitor.in(() => Session.get('name', 'guest'))).toBe('Ada');
    });
  });

  it('stores values for ten years with permanent, in cookie and record', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const visitor = app.visitor();
    const { value: id, cookies } = await visitor.handle(
      () => Session.permanent({ role: 'admin', accepted_terms: true }).id,
    );
    expect(cookies).toEqual([expect.stringContaining(`Max-Age=${TEN_YEARS_SECONDS};`)]);
    const record = await app.manager.read(id);
    expect(record?.expiresAt).toBe(Date.now() + TEN_YEARS_SECONDS * 1000);
    // Browsers limit cookies to 400 days: a visit before that finds all values and renews the ten years.
    vi.setSystemTime(Date.now() + 399 * 24 * 3_600_000);
    const back = await visitor.handle(() => Session.all());
    expect(back.value).toEqual({ role: 'admin', accepted_terms: true });
    expect(back.cookies).toEqual([expect.stringContaining(`Max-Age=${TEN_YEARS_SECONDS};`)]);
  });

  it('shows flash messages in the same and the next request, and not after that', async () => {
    const visitor = app.visitor();
    const read = () => Session.get<string | null>('status', null);
    const flashed = await visitor.in(async () => {
      // oxlint-disable-next-line typescript/await-thenable -- as the manual writes it: awaited, it has to work too
      await Session.flash('status', 'profile updated successfully');
      return read();
    });
    expect(flashed).toBe('profile updated successfully');
    expect(await visitor.in(read)).toBe('profile updated successfully');
    expect(await visitor.in(read)).toBeNull();
  });

  it('forgets one key', async () => {
    const visitor = app.visitor();
    await visitor.in(() => Session.set({ key: 1, other: 2 }));
    await visitor.in(async () => {
      // oxlint-disable-next-line typescript/await-thenable -- as the manual writes it: awaited, it has to work too
      await Session.forget('key');
    });
    expect(await visitor.in(() => Session.all())).toEqual({ other: 2 });
  });

  // hyper-express-session's delete() without a name removes all values and keeps the session: see that manual's tests.
  it('ends the session and expires its cookie on forget without a key', async () => {
    const visitor = app.visitor();
    const { value: id, asHeaders: headers } = await visitor.handle(() => Session.set('key', 'value').id);
    const ended = await visitor.handle(async () => {
      await Session.forget();
      return [Session.all(), await app.manager.read(id)];
    });
    expect(ended.value).toEqual([{}, null]);
    expect(ended.cookies).toEqual([
      expect.stringMatching(/^session=; Max-Age=0; .*Path=\/; HttpOnly; SameSite=Lax/),
    ]);
    expect(await app.visitor().in(() => Session.all(), { headers })).toEqual({});
  });

  describe('stealth', () => {
    it('keeps everything in the cookie and nothing on the server', async () => {
      await using stealth = await start({ options: { driver: 'stealth' } });
      await using other = await start({ options: { driver: 'stealth' } });
      const { value: id, asHeaders: headers } = await stealth
        .visitor()
        .handle(() => Session.set('note', 'secret-note').id);
      expect(await stealth.manager.read(id)).toBeNull();
      expect(headers.cookie).not.toContain('secret-note');
      // Another server needs only the cookie.
      expect(await other.visitor().in(() => [Session.id, Session.all()], { headers })).toEqual([
        id,
        { note: 'secret-note' },
      ]);
    });

    it('encrypts the values with AES-256-GCM, verifiably with the secret', async () => {
      await using stealth = await start({ options: { driver: 'stealth' } });
      const { asHeaders } = await stealth.visitor().handle(() => Session.set('note', 'secret-note'));
      const sealed = /^session=v1s\.([\w-]+)$/.exec(asHeaders.cookie)?.[1] ?? '';
      const bytes = Buffer.from(sealed, 'base64url');
      const [salt, body, tag] = [bytes.subarray(0, 16), bytes.subarray(16, -16), bytes.subarray(-16)];
      // A key for this purpose and cookie name, and derived from it one for this message: the two steps of HKDF.
      const sealing = new Uint8Array(hkdfSync('sha256', SECRET, 'nestjs-session-kit', 'seal session', 32));
      const key = createHmac('sha256', sealing)
        .update(salt)
        .update(Buffer.from([1]))
        .digest();
      const decipher = createDecipheriv('aes-256-gcm', key, salt.subarray(0, 12));
      // Name, path and domain of the cookie.
      const place = JSON.stringify(['session', '/', null]);
      decipher.setAAD(Buffer.from(`nestjs-session-kit v1s. ${place}`)).setAuthTag(tag);
      expect(Buffer.concat([decipher.update(body), decipher.final()]).toString()).toContain('secret-note');
    });

    it('sets an HttpOnly cookie that is also Secure in production', async () => {
      await using development = await start({ options: { driver: 'stealth' } });
      const [plain] = (await development.visitor().handle(() => Session.set('a', 1))).cookies;
      expect(plain).toContain('; HttpOnly');
      expect(plain).not.toContain('; Secure');
      vi.stubEnv('NODE_ENV', 'production');
      await using production = await start({ options: { driver: 'stealth' } });
      const [secure] = (await production.visitor().handle(() => Session.set('a', 1))).cookies;
      expect(secure).toContain('; HttpOnly');
      expect(secure).toContain('; Secure');
    });

    it('ignores a cookie that was tampered with anywhere or truncated', async () => {
      await using stealth = await start({ options: { driver: 'stealth' } });
      const { asHeaders } = await stealth.visitor().handle(() => Session.set('role', 'guest'));
      const [, token = ''] = asHeaders.cookie.split('=');
      const read = (sent: string) =>
        stealth.visitor().in(() => Session.all(), { headers: { cookie: `session=${sent}` } });
      expect(await read(token)).toEqual({ role: 'guest' });
      const step = Math.ceil(token.length / 12);
      for (let at = 0; at < token.length - 1; at += step) {
        const flipped = token[at] === 'A' ? 'B' : 'A';
        expect(await read(token.slice(0, at) + flipped + token.slice(at + 1))).toEqual({});
        expect(await read(token.slice(0, at))).toEqual({});
      }
    });
  });
});
