import http from 'node:http';
import { Controller, Get, type LoggerService, Post } from '@nestjs/common';
import express from 'express';
import request from 'supertest';
import { describe, expect, it, vi } from 'vitest';
import { Session, SessionManager } from 'nestjs-session-kit';
import { PLATFORMS, type Platform, TestApp, setCookies } from '../support/test-app.js';

@Controller(['', 'shop', 'shopping', 'api/shop'])
class PagesController {
  @Post('write')
  async write(@Session() session: Session) {
    session.put('user', 'ann');
    await session.commit();
    return { user: session.get('user'), id: session.id, stored: session.stored };
  }

  @Get('read')
  read(@Session() session: Session) {
    return { values: session.all(), stored: session.stored };
  }
}

class Journal implements LoggerService {
  readonly lines: string[] = [];
  log(): void {}
  error(message: unknown): void {
    this.lines.push(String(message));
  }
  warn(message: unknown): void {
    this.lines.push(String(message));
  }
}

const DRIVERS = ['memory', 'stealth'];

describe.each(
  PLATFORMS.flatMap((platform) => DRIVERS.map((driver): [Platform, string] => [platform, driver])),
)('On %s with %s, a request outside of cookie.path', (platform, driver) => {
  async function start(path: string) {
    const journal = new Journal();
    const app = await TestApp.start(platform, {
      controllers: [PagesController],
      options: { driver, cookie: { path } },
      configure: (each) => each.useLogger(journal),
    });
    return { app, journal, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it('begins no session: nothing is stored, no cookie is sent, and the log says so once', async () => {
    await using world = await start('/shop');
    const { app, journal } = world;
    for (const path of ['/write', '/shopping/write', '/api/shop/write', '/Shop/write']) {
      const response = await app.request.post(path);
      if (response.status === 404) continue;
      expect(response.status).toBe(201);
      // The request itself sees what it wrote.
      expect(response.body).toMatchObject({ user: 'ann', stored: false });
      expect(setCookies(response)).toEqual([]);
      expect(response.headers).not.toHaveProperty('vary');
      expect(await app.get(SessionManager).read(response.body.id)).toBeNull();
    }
    await vi.waitFor(() => {
      expect(journal.lines).toEqual([
        expect.stringMatching(/outside of the path "\/shop".*no session was begun/),
      ]);
    }, 500_000);
    expect(journal.lines.join()).not.toContain('ann');
  });

  it('is not one to the path of the cookie, or below it', async () => {
    await using world = await start('/shop');
    const { app, journal } = world;
    for (const path of ['/shop/write', '/shop/write?next=/write']) {
      const response = await app.request.post(path);
      expect(response.body).toMatchObject({ stored: true });
      expect(setCookies(response)).toHaveLength(1);
    }
    expect(journal.lines).toEqual([]);
    await using exact = await start('/shop/write');
    expect(setCookies(await exact.app.request.post('/shop/write'))).toHaveLength(1);
    await using slash = await start('/shop/');
    expect(setCookies(await slash.app.request.post('/shop/write'))).toHaveLength(1);
  });

  it('reads an empty session, and logs nothing', async () => {
    await using world = await start('/shop');
    const response = await world.app.request.get('/read').expect(200);
    expect(response.body).toEqual({ values: {}, stored: false });
    expect(world.journal.lines).toEqual([]);
  });

  it('continues a session that it carries anyway', async () => {
    await using world = await start('/shop');
    const { app } = world;
    const [cookie = ''] = setCookies(await app.request.post('/shop/write'));
    const [pair = ''] = cookie.split(';');
    const written = await app.request.post('/write').set('Cookie', pair).expect(201);
    expect(written.body.stored).toBe(true);
  });

  it('is not one to the path of the cookie in an absolute URL, as clients of a proxy send it', async () => {
    await using world = await start('/shop');
    const { app, journal } = world;
    const sent = http.request(app.url, { method: 'POST', path: `${app.url}/shop/write` }).end();
    const response = await new Promise<http.IncomingMessage>((resolve) => sent.on('response', resolve));
    response.resume();
    expect(response.statusCode).toBe(201);
    expect(response.headers['set-cookie']).toHaveLength(1);
    expect(journal.lines).toEqual([]);
  });

  it('is not one behind a proxy that strips a prefix and says so', async () => {
    await using world = await start('/app/shop');
    const { app } = world;
    const at = (prefix: string) => app.request.post('/shop/write').set('X-Forwarded-Prefix', prefix);
    expect(setCookies(await at('/app'))).toHaveLength(1);
    expect(setCookies(await at('/app/'))).toHaveLength(1);
    expect(setCookies(await at('/other'))).toEqual([]);
  });
});

describe('An application that is mounted below another', () => {
  it('compares the whole path of a request, including the mount path', async () => {
    await using inner = await TestApp.start('express', {
      controllers: [PagesController],
      options: { cookie: { path: '/mounted/shop' } },
    });
    const mounted: unknown = inner.app.getHttpAdapter().getInstance();
    if (!isApplication(mounted)) throw new TypeError('That is no application of Express.');
    const outer = express().use('/mounted', mounted);
    expect(setCookies(await request(outer).post('/mounted/shop/write').expect(201))).toHaveLength(1);
    expect(setCookies(await request(outer).post('/mounted/write').expect(201))).toEqual([]);
  });
});

const isApplication = (value: unknown): value is express.Application =>
  typeof value === 'function' && 'mountpath' in value;
