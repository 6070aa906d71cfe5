import { Test } from '@nestjs/testing';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import fc from 'fast-check';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { EFFORT } from '../parallel/support/replay.js';
import { HandlerApp } from '../support/handler-app.js';
import { pass } from '../support/session-writes.js';
import { type Platform, type TestApplication, applicationOn } from '../support/test-app.js';
import { UnevenDriver } from './support/uneven-driver.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';
import { type Library, SOCKET_LIBRARIES } from './gateway-app.js';
import {
  type MessagePlan,
  Notes,
  announce,
  answersOnce,
  messagePlan,
  onlyReads,
  randomGateway,
} from './support/random-gateway.js';

refuseUnhandledRejections();

/** The suite plays the same messages each time; more effort plays others. */
const STEADY = EFFORT === 1 ? { numRuns: 10, seed: 1 } : { numRuns: 10 * EFFORT };

type Heard = readonly [kind: string, ...data: unknown[]];

/** A client that notes whatever it hears. */
interface Client {
  readonly heard: Heard[];
  send(event: string, data: { n: number; key?: string }, isAcknowledged: boolean): void;
  close(): Promise<void>;
}

async function open(
  library: Library,
  url: string,
  headers: Record<string, string>,
  onHeard: (heard: Heard) => void,
): Promise<Client> {
  const heard: Heard[] = [];
  const hear = (each: Heard): void => {
    heard.push(each);
    onHeard(each);
  };
  if (library === 'socket.io') {
    const socket = io(url, {
      extraHeaders: headers,
      forceNew: true,
      reconnection: false,
      transports: ['websocket'],
    });
    socket.onAny((event: string, ...data: unknown[]) => hear([event, ...data]));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return {
      heard,
      send: (event, data, isAcknowledged) =>
        void (isAcknowledged
          ? socket.emit(event, data, (...answer: unknown[]) => hear(['ack', { n: data.n }, ...answer]))
          : socket.emit(event, data)),
      close: () => {
        const closed = new Promise<void>((resolve) => socket.once('disconnect', () => resolve()));
        socket.disconnect();
        return closed;
      },
    };
  }
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers });
  socket.on('message', (text: Buffer) => {
    const message: unknown = JSON.parse(text.toString());
    const { event, data } = Object(message) as { event?: unknown; data?: unknown };
    hear(typeof event === 'string' ? [event, data] : ['raw', message]);
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return {
    heard,
    send: (event, data) => socket.send(JSON.stringify({ event, data })),
    close: () => {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.close();
      return closed;
    },
  };
}

const numberOf = (heard: Heard): string => /"n":(\d+)/.exec(JSON.stringify(heard))?.[1] ?? 'none';

/** What was heard of each message, in order. */
function byMessage(heard: readonly Heard[]): Record<string, Heard[]> {
  const groups: Record<string, Heard[]> = {};
  for (const each of heard) (groups[numberOf(each)] ??= []).push(each);
  return groups;
}

/** The messages in the order of what was first heard of each. */
const order = (heard: readonly Heard[]): string[] => [...new Set(heard.map(numberOf))];

/**
 * What was called, and how often. What is done with the values of a stream counts once: if an outer interceptor fails,
 * which ends the stream, it depends on time how many there were.
 */
function steady(called: readonly string[]): string[] {
  const isOfValue = (name: string): boolean => /^during|, behind/.test(name);
  return [...new Set(called.filter(isOfValue)), ...called.filter((name) => !isOfValue(name))].toSorted();
}

let lastKey = 0;

interface Setting {
  readonly platform: Platform;
  readonly library: Library;
}

async function bareApplication({ platform, library }: Setting, logged: string[]): Promise<TestApplication> {
  const { gateway, providers } = randomGateway(false);
  const testing = await Test.createTestingModule({ providers: [gateway, ...providers] }).compile();
  const app = applicationOn(platform, testing);
  app.useWebSocketAdapter(library === 'ws' ? new WsAdapter(app) : new IoAdapter(app));
  const note = (line: unknown): void => void logged.push(String(line));
  app.useLogger({ log: () => undefined, warn: note, error: note });
  await app.listen(0, '127.0.0.1');
  return app;
}

describe.each(SOCKET_LIBRARIES)('a gateway on %s, by %s', (platform, library) => {
  const store = new UnevenDriver();
  const logged: string[] = [];
  let withSessions: HandlerApp;
  let bare: TestApplication;
  let bareUrl = '';

  beforeAll(async () => {
    const { gateway, providers } = randomGateway(true);
    withSessions = await HandlerApp.start(platform, {
      providers: [gateway, ...providers],
      options: { driver: 'uneven', drivers: { uneven: { useFactory: () => store } } },
      configure: (app) =>
        void app.useWebSocketAdapter(library === 'ws' ? new WsAdapter(app) : new IoAdapter(app)),
    });
    bare = await bareApplication({ platform, library }, logged);
    bareUrl = (await bare.getUrl()).replace('[::1]', '127.0.0.1');
  });
  afterAll(async () => {
    await bare.close();
    await withSessions[Symbol.asyncDispose]();
  });

  /** Sends messages, all at once or each after the last, and notes what comes of them. */
  async function play(
    url: string,
    headers: Record<string, string>,
    plans: readonly MessagePlan[],
    isBurst: boolean,
    notes: Notes,
  ) {
    logged.length = 0;
    const client = await open(library, url, headers, (heard) => {
      const n = Number(numberOf(heard));
      const plan = plans[n];
      if (plan === undefined || !answersOnce(plan)) return;
      for (const text of notes.pushed.get(n) ?? [])
        if (!store.latest.includes(`"${text}"`))
          notes.problems.push(['answered before it was stored', text, heard]);
    });
    const heard: Heard[] = [];
    const quiet = async (): Promise<void> => {
      for (const ping of [1, 2]) {
        await pass(80);
        client.send('ping', { n: 100 + ping }, false);
        while (!client.heard.some((each) => numberOf(each) === String(100 + ping))) await pass(1);
        heard.push(...client.heard.splice(0).filter(([event]) => event !== 'pong'));
      }
    };
    for (const [n, plan] of plans.entries()) {
      const key = `plan ${(lastKey += 1)}`;
      announce(key, plan, notes);
      client.send(plan.route, { key, n }, plan.isAcknowledged);
      if (!isBurst) await quiet();
    }
    await quiet();
    await client.close();
    await pass(10);
    const told = JSON.parse(JSON.stringify(heard).replaceAll(/plan \d+/g, 'plan')) as Heard[];
    return { heard: told, called: steady(notes.called), log: [...logged] };
  }

  async function beginning(kind: 'stored' | 'none' | 'garbage') {
    if (kind === 'none') return { visitor: null, headers: {}, notes: new Notes(null) };
    if (kind === 'garbage')
      return { visitor: null, headers: { cookie: 'session=garbage' }, notes: new Notes(null) };
    const values = { user: 'ann', 'object a': { begun: true } };
    const visitor = withSessions.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put(values));
    return { visitor, headers: asHeaders, notes: new Notes(values) };
  }

  const isUncaught = process.env['MATRIX_NEST'] === '11';
  const UNCAUGHT = 'Nest 11 catches no exception thrown in a pipe or interceptor of a gateway';

  it('answers, acknowledges, throws and logs like one without sessions, and stores each change once', async ({
    skip,
  }) => {
    skip(isUncaught, UNCAUGHT);
    const same = async (
      plans: MessagePlan[],
      kind: 'stored' | 'none' | 'garbage',
      turns: readonly number[],
    ): Promise<void> => {
      store.take(turns);
      const { visitor, headers, notes } = await beginning(kind);
      const theirs = await play(bareUrl, {}, plans, false, new Notes(undefined));
      const ours = await play(withSessions.url, headers, plans, false, notes);
      expect(notes.problems).toEqual([]);
      expect(ours).toEqual(theirs);
      if (visitor !== null) expect(await visitor.in((session) => session.all())).toEqual(notes.values);
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(messagePlan, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('stored', 'stored', 'none', 'garbage'),
        fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }),
        same,
      ),
      STEADY,
    );
  });

  it('answers messages that come at once like one without sessions, and in the same order', async ({
    skip,
  }) => {
    skip(isUncaught, UNCAUGHT);
    const same = async (plan: MessagePlan, count: number, turns: readonly number[]): Promise<void> => {
      store.take(turns);
      const plans = Array.from({ length: count }, () => plan);
      const { visitor, headers, notes } = await beginning('stored');
      const theirs = await play(bareUrl, {}, plans, true, new Notes(undefined));
      const ours = await play(withSessions.url, headers, plans, true, notes);
      expect(notes.problems).toEqual([]);
      expect(byMessage(ours.heard)).toEqual(byMessage(theirs.heard));
      // Where several commits of each message queue up, the answers come as they are stored.
      if (onlyReads(plan) || answersOnce(plan)) expect(order(ours.heard)).toEqual(order(theirs.heard));
      expect(ours.called).toEqual(theirs.called);
      expect(ours.log.toSorted()).toEqual(theirs.log.toSorted());
      const stored = await visitor?.in((session) => session.all());
      // In which order what comes at once is stored, is left open.
      const unordered = (values: Record<string, unknown> | undefined) =>
        Object.fromEntries(
          Object.entries(values ?? {})
            .filter(([key]) => !/^(put|object) /.test(key))
            .map(([key, value]) => [key, Array.isArray(value) ? new Set<unknown>(value) : value]),
        );
      const lengths = (values: Record<string, unknown> | undefined) =>
        Object.values(values ?? {}).reduce<number>(
          (sum, value) => sum + (Array.isArray(value) ? value.length : 0),
          0,
        );
      expect(lengths(stored)).toBe(lengths(notes.values));
      expect(unordered(stored)).toEqual(unordered(notes.values));
    };
    await fc.assert(
      fc.asyncProperty(
        messagePlan,
        fc.integer({ min: 2, max: 4 }),
        fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }),
        same,
      ),
      STEADY,
    );
  });
});
