import { Readable } from 'node:stream';
import { type HttpServer, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import fc from 'fast-check';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionModule } from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { EFFORT } from '../parallel/support/replay.js';
import { WatchedDriver } from '../parallel/support/watched-driver.js';
import { type RawAnswer, rawRequest } from '../support/raw-request.js';
import {
  type Deeds,
  ExpectedSession,
  type RequestNotes,
  deeds,
  doDeeds,
  pass,
} from '../support/session-writes.js';
import { type TestApplication, UNHURRIED, applicationOn } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { cookieAfter, visible } from '../support/visible-answer.js';

refuseUnhandledRejections();

/** The members of a Fastify instance that are used, with wider types: hooks are registered by name. */
interface Fastify {
  addHook(name: string, hook: (...args: never[]) => unknown): unknown;
  route(options: object): unknown;
  register(plugin: (instance: Fastify) => Promise<void>): unknown;
}

/** The hooks of a request. `onTimeout` and `onRequestAbort` have no answer to compare: timeout-and-abort-hooks.spec.ts. */
const STAGES = [
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'preSerialization',
  'onSend',
  'onError',
  'onResponse',
] as const;
type Stage = (typeof STAGES)[number];

/** Where a hook is registered: before the module knows Fastify, after, in an encapsulated plugin, at the route. */
const PLACES = ['early', 'late', 'plugin', 'route'] as const;
const STYLES = ['callback', 'async'] as const;
/**
 * None answers twice by mistake, as an async handler does that sends a reply and resolves to undefined: if the first head
 * is held, the second is ignored where Node.js would throw, since libraries in front of the gate write two.
 */
const HANDLERS = [
  'value',
  'send',
  'sendLater',
  'throw',
  'sendError',
  'stream',
  'text',
  'buffer',
  'nothing',
  'hijack',
  'raw',
] as const;

interface Hook extends Deeds {
  readonly stage: Stage;
  readonly place: (typeof PLACES)[number];
  readonly style: (typeof STYLES)[number];
  readonly effect: 'pass' | 'fail' | 'answer' | 'change' | 'header';
  /** Whether it goes on in a callback that may be called in the context of another request, as those of a pool. */
  readonly isPooled: boolean;
}

interface Plan {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: '/plain' | '/plugin' | '/missing';
  readonly kind: (typeof HANDLERS)[number];
  readonly handler: Deeds;
  readonly during: Deeds;
  readonly hooks: readonly Hook[];
}

const hook: fc.Arbitrary<Hook> = fc
  .tuple(
    deeds,
    fc.record({
      stage: fc.constantFrom(...STAGES),
      place: fc.constantFrom(...PLACES),
      style: fc.constantFrom(...STYLES),
      effect: fc.oneof(
        { weight: 4, arbitrary: fc.constant('pass' as const) },
        { weight: 1, arbitrary: fc.constantFrom('change' as const, 'header' as const) },
        { weight: 1, arbitrary: fc.constantFrom('fail' as const, 'answer' as const) },
      ),
      isPooled: fc.boolean(),
    }),
  )
  .map(([done, rest]) => ({ ...done, ...rest }));

const slot = ({ stage, place, style }: Pick<Hook, 'stage' | 'place' | 'style'>): string =>
  `${stage} ${place} ${style}`;

const plan: fc.Arbitrary<Plan> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST'),
  url: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('/plain', '/plugin') }, fc.constant('/missing')),
  kind: fc.constantFrom(...HANDLERS),
  handler: deeds,
  during: deeds,
  hooks: fc.uniqueArray(hook, { maxLength: 6, selector: slot }),
});

interface Running {
  readonly plan: Plan;
  readonly notes: RequestNotes;
  end: () => void;
}

const running = new Map<string, Running>();
let lastKey = 0;

const runningFor = (request: FastifyRequest): Running | undefined =>
  running.get(String(request.headers['x-plan']));

/** Calls back several requests in the context of one of them, as a pool of connections does. */
const pool = {
  waiting: [] as (() => void)[],
  call(back: () => void): void {
    this.waiting.push(back);
    if (this.waiting.length > 1) return;
    setImmediate(() => {
      for (const each of this.waiting.splice(0)) each();
    });
  },
};

type Done = (error?: Error | null, value?: unknown) => void;

/** What a hook gives on: a payload, in most stages nothing. */
function changed(stage: Stage, payload: unknown): unknown {
  if (stage === 'preSerialization') return { changed: payload };
  if (stage !== 'onSend') return undefined;
  if (typeof payload === 'string') return `${payload} changed`;
  return Buffer.isBuffer(payload) ? Buffer.concat([payload, Buffer.from(' changed')]) : payload;
}

function hookFor(stage: Stage, place: Hook['place'], style: Hook['style']) {
  const name = slot({ stage, place, style });
  const act = (request: FastifyRequest, reply: FastifyReply, args: readonly unknown[], done: Done): void => {
    const payload =
      stage === 'preSerialization' || stage === 'onSend' || stage === 'preParsing' ? args[0] : undefined;
    const each = runningFor(request);
    const own = each?.plan.hooks.find((other) => slot(other) === name);
    if (each === undefined || own === undefined) return done(null, payload);
    // The session is opened by a hook behind those that were there before: there is none if one of them answers.
    const isUnopened = place === 'early' && stage === 'onRequest';
    const goOn = (): void => {
      if (isUnopened) return done();
      const isBefore = ['onRequest', 'preParsing', 'preValidation', 'preHandler'].includes(stage);
      if (own.effect === 'header' && !reply.raw.headersSent) reply.header(`x-${stage}`.toLowerCase(), place);
      if (own.effect === 'fail' && stage !== 'onError' && stage !== 'onResponse' && !reply.raw.headersSent)
        return done(Object.assign(new Error(`of ${name}`), { statusCode: 422 }));
      if (own.effect === 'answer' && isBefore) {
        void reply.code(202).send({ answered: name });
        // A hook that answers does not call back; an async one returns.
        return style === 'async' ? done(null, reply) : undefined;
      }
      done(null, own.effect === 'change' ? (changed(stage, payload) ?? payload) : payload);
    };
    const next = (): void => (own.isPooled ? pool.call(goOn) : goOn());
    const what = isUnopened ? { late: own.late, writes: [] } : own;
    const pending = doDeeds(each.notes, name, what, request, reply);
    if (pending === undefined) next();
    else void pending.then(next);
  };
  const asPromised = (
    request: FastifyRequest,
    reply: FastifyReply,
    args: readonly unknown[],
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      act(request, reply, args, (error, value) => (error == null ? resolve(value) : reject(error)));
    });
  const hasPayload = ['preSerialization', 'onSend', 'preParsing', 'onError'].includes(stage);
  if (style === 'async')
    return hasPayload
      ? async (request: FastifyRequest, reply: FastifyReply, payload: unknown) =>
          asPromised(request, reply, [payload])
      : async (request: FastifyRequest, reply: FastifyReply) => asPromised(request, reply, []);
  return hasPayload
    ? (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done) =>
        act(request, reply, [payload], done)
    : (request: FastifyRequest, reply: FastifyReply, done: Done) => act(request, reply, [], done);
}

function addHooks(instance: Fastify, place: Hook['place']): void {
  for (const stage of STAGES)
    for (const style of STYLES) instance.addHook(stage, hookFor(stage, place, style));
}

const routeHooks = (): object =>
  Object.fromEntries(STAGES.map((stage) => [stage, STYLES.map((style) => hookFor(stage, 'route', style))]));

function handle(request: FastifyRequest, reply: FastifyReply): unknown {
  const each = runningFor(request);
  if (each === undefined) return reply.send({});
  const { kind, handler, during } = each.plan;
  const deed = (): Promise<void> => Promise.resolve(doDeeds(each.notes, 'during', during, request, reply));
  async function* chunks() {
    yield 'one ';
    await deed();
    yield 'two';
  }
  const answer = (): unknown => {
    switch (kind) {
      case 'value':
        return Promise.resolve({ value: 1 });
      case 'send':
        reply.code(201).send({ sent: true });
        return undefined;
      case 'sendLater':
        void deed().then(() => reply.header('vary', 'Accept').send({ later: true }));
        return reply;
      case 'throw':
        throw Object.assign(new Error('of the handler'), { statusCode: 409 });
      case 'sendError':
        return reply.send(new Error('sent'));
      case 'stream':
        return reply.send(Readable.from(chunks()));
      case 'text':
        return reply.type('text/plain').header('cache-control', 'max-age=3').send('a text');
      case 'buffer':
        return reply.header('set-cookie', 'own=1').send(Buffer.from('a buffer'));
      case 'nothing':
        return reply.code(204).send();
      case 'hijack':
        reply.hijack();
        reply.raw.writeHead(203, { 'x-hijacked': 'yes' });
        void deed().then(() => reply.raw.end('hijacked'));
        return undefined;
      case 'raw':
        reply.hijack();
        reply.raw.write('one');
        void deed().then(() => reply.raw.end('two'));
        return reply;
    }
  };
  const pending = doDeeds(each.notes, 'handler', handler, request, reply);
  // An async handler that has sent its reply resolves to it.
  return pending === undefined ? answer() : pending.then(() => answer() ?? reply);
}

@Module({})
class RoutesModule implements OnModuleInit {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  async onModuleInit(): Promise<void> {
    const instance: Fastify = this.host.httpAdapter.getInstance();
    addHooks(instance, 'late');
    const route = (url: string): object => ({
      method: ['GET', 'POST'],
      url,
      handler: handle,
      ...routeHooks(),
    });
    instance.route(route('/plain'));
    await instance.register(async (plugin: Fastify) => {
      addHooks(plugin, 'plugin');
      plugin.route(route('/plugin'));
    });
    instance.route({ method: 'GET', url: '/look', handler: () => Promise.resolve(Session.all()) });
  }
}

const visitors = fc.array(fc.array(plan, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 });
/** How many turns of the event loop each call of the store takes. */
const slowness = fc.nat(3);
/**
 * The suite plays the same requests each time: in one of some thousands, it depends on time which of two parts comes
 * first. More effort plays others.
 */
const STEADY = EFFORT === 1 ? { numRuns: 40, seed: 1 } : { numRuns: 40 * EFFORT };

describe.each(['memory', 'stealth'] as const)('hooks of Fastify, with %s,', (name) => {
  const store = new WatchedDriver(new MemoryDriver({}, systemClock));
  const livesInCookie = name === 'stealth';
  let apps: TestApplication[] = [];
  let [url, bareUrl] = ['', ''];

  async function start(imports: unknown[]): Promise<string> {
    const testing = await Test.createTestingModule({ imports: imports as [] }).compile();
    const app = applicationOn('fastify', testing);
    apps.push(app);
    const adapter: HttpServer = app.getHttpAdapter();
    const instance: Fastify = adapter.getInstance();
    instance.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      const each = runningFor(request);
      // A client has all of its answer to HEAD with the head, and may leave before the end.
      if (request.method !== 'HEAD') reply.raw.once('finish', () => each?.notes.called.push('finish'));
      reply.raw.once('close', () => each?.end());
      done();
    });
    addHooks(instance, 'early');
    await app.listen(0, '127.0.0.1');
    return (await app.getUrl()).replace('[::1]', '127.0.0.1');
  }

  beforeAll(async () => {
    const driver = livesInCookie
      ? { driver: 'stealth' }
      : { driver: 'watched', drivers: { watched: { useFactory: () => store } } };
    bareUrl = await start([RoutesModule]);
    url = await start([SessionModule.forRoot({ ...UNHURRIED, ...driver }), RoutesModule]);
  });
  afterEach(() => running.clear());
  afterAll(async () => {
    for (const app of apps) await app.close();
    apps = [];
  });

  async function perform(where: string, wanted: Plan, notes: RequestNotes, cookie = '') {
    const key = String((lastKey += 1));
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    running.set(key, { plan: wanted, notes, end });
    const headers: Record<string, string> = { 'x-plan': key, cookie };
    const body = wanted.method === 'POST' ? { body: '{"a":1}' } : {};
    if (wanted.method === 'POST') headers['content-type'] = 'application/json';
    const answer = await rawRequest(where + wanted.url, { method: wanted.method, headers, ...body });
    await over;
    await pass(8);
    return { answer: visible(answer), called: notes.called.toSorted(), raw: answer };
  }

  it('behave like without sessions, and store what each visitor wrote, and nothing of another one', async () => {
    const same = async (plans: Plan[][], turns: number): Promise<void> => {
      store.before = () => pass(turns);
      const noted = () => ({ otherId: '', livesInCookie, problems: [], called: [] });
      const visit = async (wanted: Plan[]): Promise<void> => {
        let cookie = '';
        const expected = new ExpectedSession();
        const keep = (answer: RawAnswer): void => {
          cookie = cookieAfter(cookie, answer.headers['set-cookie']);
        };
        const look = async (): Promise<unknown> => {
          const answer = await rawRequest(`${url}/look`, { headers: { cookie } });
          keep(answer);
          return JSON.parse(answer.body);
        };
        for (const each of wanted) {
          const { raw: _raw, ...theirs } = await perform(bareUrl, each, { ...noted(), expected: undefined });
          const notes: RequestNotes = { ...noted(), expected };
          const { raw, ...ours } = await perform(url, each, notes, cookie);
          keep(raw);
          expect(notes.problems).toEqual([]);
          expect(ours).toEqual(theirs);
          expected.requestEnds(each.method !== 'HEAD');
        }
        expect(await look()).toEqual(expected.readable);
        expected.requestEnds(true);
        expect(await look()).toEqual(expected.readable);
      };
      await Promise.all(plans.map(visit));
    };
    await fc.assert(fc.asyncProperty(visitors, slowness, same), STEADY);
  });
});
