import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Module, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import request from 'supertest';
import ts from 'typescript';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { SessionModule } from 'nestjs-session-kit';
import { docSnippets, pages } from './support/doc-snippets.js';
import { ParseOnce } from './support/parse-once.js';
import { PLATFORMS, type Platform } from './support/test-app.js';

const ROOT = join(import.meta.dirname, '..');
/** Below the repository, so that the snippets find the packages that they import. */
const FOLDER = join(ROOT, 'tmp', `readme-${process.pid}`);

/** What `nest new` has made, and is still there when a snippet is pasted. */
const TEMPLATE = [
  {
    name: 'app.service.ts',
    code: `import { Injectable } from '@nestjs/common';
@Injectable()
export class AppService { getHello(): string { return 'Hello World!'; } }`,
  },
  {
    name: 'app.controller.ts',
    code: `import { Controller, Get } from '@nestjs/common';
import { AppService } from './app.service.js';
@Controller()
export class AppController {
  constructor(private readonly appService: AppService) {}
  @Get() getHello(): string { return this.appService.getHello(); }
}`,
  },
];

const snippets = docSnippets();
const complaints = compile();

/**
 * Writes every snippet and compiles them into the same folder: as one program, as they import one another, but for those that declare
 * types for the whole application, of which no other page's reader has heard.
 */
function compile(): string[] {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, code } of [...TEMPLATE, ...snippets]) writeFileSync(join(FOLDER, name), code);
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  const host = new ParseOnce().hostFor(options);
  const declares = ({ code }: { code: string }): boolean => /^declare module/m.test(code);
  return [snippets.filter((one) => !declares(one)), snippets.filter(declares)].flatMap((part) => {
    const files = part.map(({ name }) => join(FOLDER, name));
    const program = ts.createProgram(files, { ...options, declaration: false }, host);
    // The folder's own files: what they import is compiled elsewhere.
    const own = program.getSourceFiles().filter(({ fileName }) => dirname(fileName) === FOLDER);
    for (const file of own) {
      // The folder is an ES module, as the repository is; what the snippets import stays where it is.
      program.emit(file, (path, text) => writeFileSync(join(FOLDER, path.split('/').at(-1) ?? ''), text));
    }
    return [
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...own.flatMap((file) => [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
      ]),
    ].map(
      ({ file, messageText }) =>
        `${relative(FOLDER, file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}

/** What `nest new` installs of what an application imports; the test runner is the one that it has chosen. */
const INSTALLED = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'express', 'rxjs', 'vitest'];

/** The packages that a snippet imports and a fresh application does not have. */
function packagesOf(code: string): string[] {
  return [...code.matchAll(/(?:from|import) '((?:@[\w-]+\/)?[\w-]+)(?:\/[\w/-]+)?'/g)]
    .map(([, name = '']) => name)
    .filter((name) => !INSTALLED.includes(name) && name !== 'nestjs-session-kit');
}

/** What a snippet exports, when it runs. */
function loaded<T>(name: string): Promise<T> {
  vi.stubEnv('SESSION_SECRET', randomBytes(32).toString('base64url'));
  return import(/* @vite-ignore */ join(FOLDER, name.replace(/\.ts$/, '.js')));
}

/** The name of the one snippet of a page that declares this class. */
function declaring(className: string): string {
  const found = snippets.filter(({ code }) => code.includes(`class ${className} `));
  expect(found.map(({ page }) => page)).toHaveLength(1);
  return found[0]?.name ?? '';
}

/** An application that listens, and ends with its test. */
class Running implements AsyncDisposable {
  private constructor(private readonly app: INestApplication) {}

  static async of(created: Promise<INestApplication>): Promise<Running> {
    const app = await created;
    await app.listen(0, '127.0.0.1');
    return new Running(app);
  }

  /** Keeps its cookies from request to request. */
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

  it('has snippets of which each compiles in strict mode when pasted', () => {
    expect(snippets.length).toBeGreaterThan(20);
    expect(complaints).toEqual([]);
  });

  it('takes nothing out of a root module that is there', () => {
    const roots = snippets.filter(({ code }) => code.includes('export class AppModule'));
    expect(roots.length).toBeGreaterThan(1);
    const without = roots.filter(
      ({ code }) => !/controllers: \[AppController\b[^]*providers: \[AppService\b/.test(code),
    );
    expect(without.map(({ page }) => page)).toEqual([]);
  });

  it('says on each page what has to be installed for its snippets', () => {
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

    it('has a form that comes back with its errors and what was typed', async () => {
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

    it('has a form that a filter sends back', async () => {
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

    it('counts visits with a type of its own', async () => {
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

  it('has a CSRF token that lets its own visitor post, and nobody else', async () => {
    const { createApplication } = await loaded<{ createApplication: () => Promise<INestApplication> }>(
      'csrf.main.ts',
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
  });

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
  });

  it("lets a visitor's first form through with csrf-csrf", async () => {
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

  it('limits visitors without a session by their address, and others by their session', async () => {
    const { LimitedModule } = await loaded<{ LimitedModule: Type }>('limited.module.ts');
    await using app = await Running.of(create(LimitedModule, 'express'));
    const signedIn = await app.visitor();
    await signedIn.post('/sign-in').expect(201);
    const stranger = await app.visitor();
    for (let count = 0; count < 20; count += 1) await stranger.get('/search').expect(200);
    await (await app.visitor()).get('/search').expect(429);
    for (let count = 0; count < 20; count += 1) await signedIn.get('/search').expect(200);
    // Under another id it is the same session.
    await signedIn.post('/sign-in').expect(201);
    await signedIn.get('/search').expect(429);
  });

  it('lets a page of another origin in with its cookie, and no other', async () => {
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
