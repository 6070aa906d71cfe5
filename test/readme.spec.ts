import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Module, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import request from 'supertest';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { SessionModule } from 'nestjs-session-kit';
import { docSnippets, pages, pastedFiles } from './support/doc-snippets.js';
import { transpiled } from './support/loaded-snippet.js';
import { PLATFORMS, type Platform } from './support/test-app.js';

const ROOT = join(import.meta.dirname, '..');
/** Below the repository, so that the snippets' imports resolve. */
const FOLDER = join(ROOT, 'tmp', `readme-${process.pid}`);

const snippets = docSnippets();
writeAll();

/** Writes all snippets into one folder, since they import each other. Their types are checked elsewhere: test/types. */
function writeAll(): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, code } of pastedFiles())
    writeFileSync(join(FOLDER, name.replace(/\.ts$/, '.js')), transpiled(code));
}

/** The packages that `nest new` installs, with the test runner that it sets up. */
const INSTALLED = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'express', 'rxjs', 'vitest'];

/** The packages that a snippet imports and a fresh application lacks. */
function packagesOf(code: string): string[] {
  return [...code.matchAll(/(?:from|import) '((?:@[\w-]+\/)?[\w-]+)(?:\/[\w/-]+)?'/g)]
    .map(([, name = '']) => name)
    .filter((name) => !INSTALLED.includes(name) && name !== 'nestjs-session-kit');
}

/** Runs a snippet and returns its exports. */
function loaded<T>(name: string): Promise<T> {
  vi.stubEnv('SESSION_SECRET', randomBytes(32).toString('base64url'));
  return import(/* @vite-ignore */ join(FOLDER, name.replace(/\.ts$/, '.js')));
}

/** The name of the only snippet that declares this class. */
function declaring(className: string): string {
  const found = snippets.filter(({ code }) => code.includes(`class ${className} `));
  expect(found.map(({ page }) => page)).toHaveLength(1);
  return found[0]?.name ?? '';
}

/** A listening application, closed when its test ends. */
class Running implements AsyncDisposable {
  private constructor(private readonly app: INestApplication) {}

  static async of(created: Promise<INestApplication>): Promise<Running> {
    const app = await created;
    await app.listen(0, '127.0.0.1');
    return new Running(app);
  }

  /** Keeps its cookies between requests. */
  async visitor(): Promise<ReturnType<typeof request.agent>> {
    return request.agent(await this.app.getUrl());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.app.close();
  }
}

function create(module: Type, platform: Platform): Promise<INestApplication> {
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  return NestFactory.create(module, adapter, { logger: false, forceCloseConnections: true });
}

/** An application with one controller of the documentation. */
async function withController(className: string, platform: Platform) {
  const exported = await loaded<Record<string, Type>>(declaring(className));
  const controller = exported[className];
  if (controller === undefined) throw new Error(`${className} is not exported.`);
  @Module({
    imports: [SessionModule.forRoot({ secret: randomBytes(32).toString('hex'), driver: 'memory' })],
    controllers: [controller],
  })
  class OneController {}
  return Running.of(create(OneController, platform));
}

describe('the code in the documentation', () => {
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(FOLDER, { recursive: true, force: true });
  });

  it('keeps everything that a root module already has', () => {
    const roots = snippets.filter(({ code }) => code.includes('export class AppModule'));
    expect(roots.length).toBeGreaterThan(1);
    const without = roots.filter(
      ({ code }) => !/controllers: \[AppController\b[^]*providers: \[AppService\b/.test(code),
    );
    expect(without.map(({ page }) => page)).toEqual([]);
  });

  it('comes with an install command for its packages on every page', () => {
    const missing = pages().flatMap((page) => {
      const lines = readFileSync(join(ROOT, page), 'utf8').match(/npm install [^`\n]*/g) ?? [];
      const installed = lines
        .flatMap((line) => line.split(' '))
        .map((name) => name.replace(/(?<=.)@\d+$/, ''));
      const needed = snippets
        .filter((snippet) => snippet.page === page)
        .flatMap(({ code }) => packagesOf(code));
      return [...new Set(needed)]
        .filter((name) => !installed.includes(name))
        .map((name) => `${page}: ${name}`);
    });
    expect(missing).toEqual([]);
  });

  describe.each(PLATFORMS)('when pasted, on %s,', (platform) => {
    it('has a quick start that works', async () => {
      const { AppModule } = await loaded<{ AppModule: Type }>('app.module.ts');
      await using app = await Running.of(create(AppModule, platform));
      const visitor = await app.visitor();
      await visitor.get('/').expect(200, 'Hello World!');
      await visitor.get('/cart').expect(200, { items: [], count: 0 });
      await visitor.post('/cart').send({ item: 'tea' }).expect(302);
      await visitor.get('/cart').expect(200, { items: ['tea'], count: 1, status: 'Added to your cart.' });
      await visitor.get('/cart').expect(200, { items: ['tea'], count: 1 });
    });

    it('has a form that is redirected back with its errors and input', async () => {
      await using app = await withController('CheckoutController', platform);
      const visitor = await app.visitor();
      const refused = await visitor.post('/checkout').send({ email: 'nobody' }).expect(302);
      expect(refused.headers['location']).toBe('/checkout');
      await visitor
        .get('/checkout')
        .expect(200, { errors: { email: 'Give an e-mail address.' }, email: 'nobody' });
      const taken = await visitor.post('/checkout').send({ email: 'ada@example.com' }).expect(302);
      expect(taken.headers['location']).toBe('/checkout/thanks');
    });

    it('has a form that is sent back by a filter', async () => {
      await using app = await withController('SignUpController', platform);
      const submit = async (form: object) => {
        const { status, headers } = await (await app.visitor()).post('/sign-up').type('form').send(form);
        return [status, headers['location']];
      };
      expect(await submit({ name: 'Ada', email: 'nobody' })).toEqual([303, '/sign-up']);
      expect(await submit({ name: 'Ada', email: 'ada@example.com' })).toEqual([303, '/sign-up']);
      expect(await submit({ name: 'Bob', email: 'bob@example.com' })).toEqual([302, '/account']);
    });

    it('signs in with a new cookie, and out', async () => {
      await using app = await withController('SignInController', platform);
      const visitor = await app.visitor();
      await visitor.post('/sign-in').send({ email: 'ada@example.com', password: 'guess' }).expect(401);
      const form = { email: 'ada@example.com', password: 'correct horse', remember: 'on' };
      const first = await visitor.post('/sign-in').send(form).expect(302);
      const cookies = (response: request.Response): string => String(response.headers['set-cookie']);
      expect(cookies(first)).toMatch(/Max-Age=\d{8,}/);
      const out = await visitor.post('/sign-out').expect(302);
      expect(cookies(out)).not.toBe(cookies(first));
    });

    it('counts visits in a session typed for its handler', async () => {
      await using app = await withController('VisitsController', platform);
      const visitor = await app.visitor();
      await visitor
        .get('/visits')
        .expect(200)
        .expect(({ text }) => expect(text).toBe('1'));
      await visitor
        .get('/visits')
        .expect(200)
        .expect(({ text }) => expect(text).toBe('2'));
    });
  });

  describe('has tests that pass:', async () => {
    for (const name of ['cart.spec.ts', 'account.spec.ts', 'units.spec.ts']) await loaded(name);
  });

  it.each(['csrf.main.ts', 'csrf.fastify.ts'])(
    'has a CSRF token that only its own visitor can post with: %s',
    async (name) => {
      const { createApplication } = await loaded<{ createApplication: () => Promise<INestApplication> }>(
        name,
      );
      await using app = await Running.of(createApplication());
      const visitor = await app.visitor();
      const { text } = await visitor.get('/address').expect(200);
      const token = /value="(\w+)"/.exec(text)?.[1];
      expect(token).toBeDefined();
      await visitor.post('/address').type('form').send({}).expect(403);
      await visitor.post('/address').type('form').send({ _csrf: token }).expect(302);
      await visitor.post('/address').set('x-csrf-token', String(token)).expect(302);
      await (await app.visitor()).post('/address').type('form').send({ _csrf: token }).expect(403);
    },
  );

  it.each(PLATFORMS)('signs in and out with Passport on %s', async (platform) => {
    const { createApplication } = await loaded<{ createApplication: () => Promise<INestApplication> }>(
      `passport.${platform}.ts`,
    );
    await using app = await Running.of(createApplication());
    const visitor = await app.visitor();
    await visitor.get('/account').expect(403);
    await visitor.post('/sign-in').send({ username: 'ada', password: 'guess' }).expect(401);
    await visitor.post('/sign-in').send({ username: 'ada', password: 'correct horse' }).expect(201);
    await visitor.get('/account').expect(200, { id: 'ada' });
    await (await app.visitor()).get('/account').expect(403);
    await visitor.post('/sign-out').expect(201);
    await visitor.get('/account').expect(403);
  });

  it('signs in with @fastify/passport', async () => {
    const { createApplication } = await loaded<{ createApplication: () => Promise<INestApplication> }>(
      'passport.plugin.ts',
    );
    await using app = await Running.of(createApplication());
    const visitor = await app.visitor();
    await visitor.post('/plugin/sign-in').send({ username: 'ada', password: 'guess' }).expect(401);
    await visitor.get('/account').expect(403);
    await visitor.post('/plugin/sign-in').send({ username: 'ada', password: 'correct horse' }).expect(302);
    await visitor.get('/account').expect(200, { id: 'ada' });
    await visitor.post('/plugin/sign-out').expect(200);
    await visitor.get('/account').expect(403);
  });

  it("accepts a visitor's first form with csrf-csrf", async () => {
    const { createApplication } = await loaded<{ createApplication: () => Promise<INestApplication> }>(
      'csrf-csrf.main.ts',
    );
    await using app = await Running.of(createApplication());
    const visitor = await app.visitor();
    const { text } = await visitor.get('/address').expect(200);
    const token = String(/value="([^"]+)"/.exec(text)?.[1]);
    await (await app.visitor()).post('/address').type('form').send({ _csrf: token }).expect(403);
    await visitor.post('/address').type('form').send({}).expect(403);
    await visitor.post('/address').type('form').send({ _csrf: token }).expect(302);
  });

  it('rate-limits visitors without a session by address, and others by session', async () => {
    const { LimitedModule } = await loaded<{ LimitedModule: Type }>('limited.module.ts');
    await using app = await Running.of(create(LimitedModule, 'express'));
    const signedIn = await app.visitor();
    await signedIn.post('/sign-in').expect(201);
    const stranger = await app.visitor();
    for (let count = 0; count < 20; count += 1) await stranger.get('/search').expect(200);
    await (await app.visitor()).get('/search').expect(429);
    for (let count = 0; count < 20; count += 1) await signedIn.get('/search').expect(200);
    // The session keeps its limit when its id changes.
    await signedIn.post('/sign-in').expect(201);
    await signedIn.get('/search').expect(429);
  });

  it('lets a page of another origin send its cookie', async () => {
    const name = 'other-origin.main.ts';
    const { createApplication } = await loaded<{ createApplication: () => Promise<INestApplication> }>(name);
    await using app = await Running.of(createApplication());
    const visitor = await app.visitor();
    const preflight = await visitor
      .options('/cart')
      .set({ Origin: 'https://shop.example', 'Access-Control-Request-Method': 'POST' })
      .expect(204);
    expect(preflight.headers['access-control-allow-origin']).toBe('https://shop.example');
    expect(preflight.headers['access-control-allow-credentials']).toBe('true');
    const added = await visitor.post('/cart').set('Origin', 'https://shop.example').send({ item: 'tea' });
    expect(String(added.headers['set-cookie'])).toMatch(
      /^__Host-session=.*; Secure; Partitioned; SameSite=None/,
    );
  });
});
