import fc from 'fast-check';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { prepareGate } from '../../lib/http/response/gated-methods.js';
import { ResponseGate } from '../../lib/http/response/response-gate.js';
import { SET_COOKIE } from '../../lib/http/response/response-head.js';
import { isClosed } from '../../lib/http/raw-http.js';
import { EFFORT } from '../parallel/support/replay.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { OneRequest, OneStore, stoppedTime } from '../support/one-session.js';

stoppedTime();
refuseUnhandledRejections();

const RUNS = 300 * EFFORT;

/** What is given to a response that Node.js does not take: a head, its status or its message alone, or a chunk. */
type Invalid = 'head' | 'statusCode' | 'statusMessage' | 'write' | 'end';

/** What an application does with a response, or with its session. */
type Step =
  | { readonly do: 'status'; readonly code: number }
  | { readonly do: 'header' | 'append'; readonly name: string; readonly value: string }
  | { readonly do: 'remove'; readonly name: string }
  | { readonly do: 'head'; readonly args: readonly unknown[] }
  | { readonly do: 'write' | 'end'; readonly chunk: string; readonly callback: boolean }
  | { readonly do: 'flush' | 'trailers' | 'turn' | 'change' | 'reuse' | 'leave' }
  | { readonly do: 'invalid'; readonly what: Invalid; readonly value: unknown }
  | { readonly do: 'listen'; readonly event: 'finish' | 'close' };

const header = fc.constantFrom('x-one', 'X-Two', 'set-cookie', 'etag');
const code = fc.constantFrom(200, 201, 204, 304, 404);
const chunk = fc.constantFrom('', 'a', 'body', 'ü'.repeat(20));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('status'), code }),
  fc.record({ do: fc.constantFrom('header', 'append'), name: header, value: fc.constantFrom('v', 'w') }),
  fc.record({ do: fc.constant('remove'), name: header }),
  fc.record({
    do: fc.constant('head'),
    args: fc.oneof(
      fc.tuple(code),
      fc.tuple(code, fc.constant('Reason')),
      fc.tuple(code, fc.dictionary(header, fc.constantFrom('h', ['h', 'i']))),
      fc.tuple(code, fc.constant('Reason'), fc.dictionary(header, fc.constant('h'))),
      fc.tuple(
        code,
        fc
          .uniqueArray(fc.tuple(header, fc.constant('h')), { maxLength: 2, selector: ([field]) => field })
          .map((pairs) => pairs.flat()),
      ),
    ),
  }),
  fc.record({ do: fc.constantFrom('write', 'end'), chunk, callback: fc.boolean() }),
  fc.record({ do: fc.constantFrom('write', 'end'), chunk, callback: fc.boolean() }),
  fc.record({ do: fc.constantFrom('flush', 'trailers', 'turn', 'change', 'reuse') }),
  fc.record({ do: fc.constantFrom('turn', 'change') }),
  fc.record({
    do: fc.constant('invalid'),
    what: fc.constant('head'),
    value: fc.constantFrom<unknown[]>(
      [99],
      [1000],
      [],
      ['none'],
      [200, 'two\nlines'],
      [200, { etag: 'two\nlines' }],
      [200, 'Reason', ['etag', 'two\nlines']],
      [200, { 'no name': 'v' }],
      [200, { etag: undefined }],
    ),
  }),
  fc.record({
    do: fc.constant('invalid'),
    what: fc.constant('statusCode'),
    value: fc.constantFrom(99, 1000, undefined, 'none'),
  }),
  fc.record({
    do: fc.constant('invalid'),
    what: fc.constant('statusMessage'),
    value: fc.constant('two\nlines'),
  }),
  fc.record({
    do: fc.constant('invalid'),
    what: fc.constantFrom('write', 'end'),
    value: fc.constantFrom(5, {}, null, undefined, new Uint16Array(2), new DataView(new ArrayBuffer(2))),
  }),
  fc.record({ do: fc.constant('listen'), event: fc.constantFrom('finish', 'close') }),
);

/** The client's end of a connection: sends one request and records what comes back. */
class Wire extends Duplex {
  received = '';
  constructor(method: string) {
    super();
    this.push(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  }
  override _read(): void {}
  override _write(sent: Buffer, _encoding: string, done: () => void): void {
    this.received += sent.toString('utf8');
    done();
  }
}

/** Waits for some turns of the event loop. */
async function pass(count: number): Promise<void> {
  for (let times = 0; times < count; times += 1) await turn();
}

const codeOf = (error: unknown): unknown => (error == null ? 'ok' : Reflect.get(Object(error), 'code'));

/** The lines of a head that come with the cookie of a session. */
const OURS = ['set-cookie: session=token', 'cache-control: private, no-cache="Set-Cookie"', 'vary: Cookie'];

interface Outcome {
  /** What was sent, without cookies of the session. */
  readonly sent: string;
  readonly cookies: number;
  readonly told: string[];
  /** The events that listeners heard, in any order: who asks for one while the end is held may be told first. */
  readonly heard: ReadonlySet<string>;
  readonly seen: unknown[];
}

/** Calls a method that has several lists of arguments. */
function call(res: ServerResponse, name: 'writeHead' | 'write' | 'end', args: readonly unknown[]): unknown {
  const method: CallableFunction = res[name];
  return Reflect.apply(method, res, args);
}

/** Changes the headers that were given to a head which has been written. */
function reuse(headers: unknown): void {
  if (Array.isArray(headers)) headers.splice(0, headers.length, 'x-reused', 'yes');
  else if (typeof headers === 'object' && headers !== null)
    for (const [name, value] of Object.entries(headers)) {
      if (Array.isArray(value)) value.push('reused');
      else Reflect.set(headers, name, 'reused');
    }
}

/** Calls a method with what Node.js does not take, and leaves status and message as they were. */
function callInvalid(res: ServerResponse, what: Invalid, value: unknown): unknown {
  if (what === 'write' || what === 'end') return call(res, what, [value]) === res;
  if (res.headersSent) return 'nothing';
  const before = (['statusCode', 'statusMessage'] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(res, name)] as const,
  );
  try {
    if (what === 'head') return call(res, 'writeHead', Array.isArray(value) ? value : []) === res;
    Reflect.set(res, what, value);
    return call(res, 'write', ['a']);
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(res, name);
      else Object.defineProperty(res, name, descriptor);
    }
  }
}

/** Performs a script with a response, and changes of the session where there is one. */
async function play(
  method: string,
  script: readonly Step[],
  change: (res: ServerResponse) => () => void,
): Promise<Outcome> {
  const server = createServer();
  const wire = new Wire(method);
  const got = new Promise<[IncomingMessage, ServerResponse]>((resolve) =>
    server.on('request', (req, res) => resolve([req, res])),
  );
  server.emit('connection', wire);
  const [, res] = await got;
  res.sendDate = false;
  const told: string[] = [];
  const seen: unknown[] = [];
  const heard = new Set<string>();
  const onChange = change(res);
  let given: readonly unknown[] = [];
  res.on('error', (error) => told.push(`error ${String(codeOf(error))}`));
  let headDone = false;
  for (const [index, each] of script.entries()) {
    const callback = (error?: unknown): void =>
      void told.push(`${each.do} ${index} ${String(codeOf(error))}`);
    let result: unknown = 'nothing';
    try {
      switch (each.do) {
        case 'status':
          if (!res.headersSent) res.statusCode = each.code;
          break;
        case 'header':
          res.setHeader(each.name, each.value);
          break;
        case 'append':
          res.appendHeader(each.name, each.value);
          break;
        case 'remove':
          res.removeHeader(each.name);
          break;
        case 'head':
          if (headDone || res.headersSent) break;
          headDone = true;
          given = structuredClone(each.args);
          result = call(res, 'writeHead', given) === res;
          break;
        case 'invalid':
          result = callInvalid(res, each.what, each.value);
          break;
        case 'reuse':
          // Fastify reuses the headers of a reply that is sent a second time.
          given.forEach(reuse);
          break;
        case 'write':
          call(res, 'write', [each.chunk, ...(each.callback ? [callback] : [])]);
          break;
        case 'end':
          result = call(res, 'end', [each.chunk, ...(each.callback ? [callback] : [])]) === res;
          break;
        case 'flush':
          result = res.flushHeaders();
          break;
        case 'trailers':
          if (!res.writableEnded) res.addTrailers({ 'x-trailer': 't' });
          break;
        case 'turn':
          await pass(5);
          break;
        case 'leave':
          wire.destroy();
          break;
        case 'listen':
          res.on(each.event, () => heard.add(`${each.event} ${index}`));
          break;
        case 'change':
          onChange();
      }
    } catch (error) {
      result = codeOf(error);
    }
    seen.push([each.do, result, res.headersSent, res.writableEnded, res.statusCode]);
  }
  // Once its client has left, an application need not end a response.
  if (!script.some((each) => each.do === 'leave')) res.end();
  await pass(30);
  wire.destroy();
  const [head = '', ...body] = wire.received.split('\r\n\r\n');
  const [first, ...lines] = head
    .split('\r\n')
    .map((line) => line.replace(/^[^:]*:/, (field) => field.toLowerCase()));
  const own = lines.filter((line) => !OURS.includes(line));
  return {
    sent: [first, ...own.toSorted(), ...body].join('\n'),
    cookies: lines.filter((line) => line === OURS[0]).length,
    told,
    heard,
    seen,
  };
}

/** A request with a session that is created by its first change, behind a gate. */
async function gatedRequest(store: OneStore) {
  const request = new OneRequest(store.lifecycles, []);
  await request.session.initiate();
  const problems: unknown[] = [];
  const scene = { request, problems, changes: 0, change };
  function change(res: ServerResponse): () => void {
    prepareGate(res);
    let gate: ResponseGate | undefined;
    request.writtenAfterEnd = () => gate?.commitWithoutResponse();
    request.arm = () => {
      gate ??= new ResponseGate(res, request.hosted, {
        headAdditions: () => [{ field: SET_COOKIE, values: ['session=token'] }],
        failed: (error) => void problems.push(error),
        unsendable: (error) => void problems.push(error),
        late: () => undefined,
      });
      // As in HttpSessionHost.
      if (isClosed(res)) request.hosted.hostOver();
    };
    Object.defineProperty(request, 'headSent', { get: () => gate?.headSent ?? res.headersSent });
    return () => {
      // A first change after the head comes too late for its cookie.
      if ((scene.changes === 0 && res.headersSent) || res.writableEnded) return;
      scene.changes += 1;
      request.session.put('n', scene.changes);
    };
  }
  return scene;
}

const method = fc.constantFrom('GET', 'HEAD');
const script = fc.array(step, { maxLength: 8 });

/** How many turns of the event loop each call of the store takes. */
const turns = fc.nat(3);

describe('a response that its gate holds back', () => {
  it('is sent, and behaves, like one without a gate', async () => {
    const store = await OneStore.start();
    const holds = async (asked: string, steps: Step[], slowness: number): Promise<void> => {
      store.driver.before = () => pass(slowness);
      const bare = await play(asked, steps, () => () => undefined);
      const request = await gatedRequest(store);
      const gated = await play(asked, steps, request.change);
      expect(request.problems).toEqual([]);
      expect(gated.sent).toBe(bare.sent);
      expect(gated.cookies).toBe(request.changes > 0 ? 1 : 0);
      expect(gated.seen).toEqual(bare.seen);
      expect(gated.heard).toEqual(bare.heard);
      expect(gated.told.toSorted()).toEqual(bare.told.toSorted());
      const done = ({ told }: Outcome): string[] => told.filter((line) => line.endsWith(' ok'));
      expect(done(gated)).toEqual(done(bare));
    };
    await fc.assert(fc.asyncProperty(method, script, turns, holds), { numRuns: RUNS });
  });

  it('stores what was changed when its client leaves at any moment', async () => {
    const store = await OneStore.start();
    const holds = async (asked: string, steps: Step[], at: number, slowness: number): Promise<void> => {
      store.driver.before = () => pass(slowness);
      const left = steps.toSpliced(at % (steps.length + 1), 0, { do: 'leave' });
      const bare = await play(asked, left, () => () => undefined);
      const scene = await gatedRequest(store);
      const gated = await play(asked, left, scene.change);
      expect(scene.problems).toEqual([]);
      const stored = await store.manager.read(scene.request.session.id);
      expect(stored?.values['n'] ?? 0).toBe(scene.changes);
      const closed = ({ heard }: Outcome): string[] => [...heard].filter((each) => each.startsWith('close'));
      expect(closed(gated)).toEqual(closed(bare));
      // No more than once: while it closes a response, Node.js itself forgets to call some back.
      const calledBack = gated.told
        .map((line) => line.replace(/ \w+$/, ''))
        .filter((line) => line !== 'error');
      expect(new Set(calledBack).size).toBe(calledBack.length);
    };
    await fc.assert(fc.asyncProperty(method, script, fc.nat(), turns, holds), { numRuns: RUNS });
  });

  it('becomes an error of its own if the store fails, and leaves nobody waiting', async () => {
    const store = await OneStore.start();
    const fails = async (asked: string, steps: Step[], slowness: number): Promise<void> => {
      store.driver.before = async () => {
        await pass(slowness);
        throw new Error('down');
      };
      const request = await gatedRequest(store);
      const { sent, told } = await play(asked, steps, request.change);
      if (request.changes === 0) return;
      expect(sent).toMatch(/^HTTP\/1.1 503 /);
      const error = JSON.stringify({ statusCode: 503, message: 'Service Unavailable' });
      expect(sent.slice(sent.lastIndexOf('\n') + 1)).toBe(asked === 'HEAD' ? '' : error);
      expect(sent).not.toMatch(/: h$/m);
      const calledBack = told
        .map((line) => line.replace(/ \w+$/, ''))
        .filter((line) => !line.startsWith('error'));
      const called = steps.flatMap((each, index) =>
        'callback' in each && each.callback ? [`${each.do} ${index}`] : [],
      );
      expect(calledBack.toSorted()).toEqual(called.toSorted());
    };
    await fc.assert(fc.asyncProperty(method, script, turns, fails), { numRuns: RUNS });
  });
});
