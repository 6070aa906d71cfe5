import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { prepareGate } from '../../lib/http/response/gated-methods.js';
import { type GateContext, ResponseGate } from '../../lib/http/response/response-gate.js';
import { SET_COOKIE } from '../../lib/http/response/response-head.js';
import { OneStore, stoppedTime } from '../support/one-session.js';

stoppedTime();

/** Looks a method of a response up without calling it. */
function lookUp(res: ServerResponse, name: 'write' | 'end'): CallableFunction {
  const method: unknown = Reflect.get(res, name);
  if (typeof method !== 'function') throw new TypeError(`A response has no ${name}.`);
  return method;
}

type Beneath = (res: ServerResponse) => void;

/**
 * A response that records its bytes, prepared for a gate that is not up yet.
 *
 * @param beneath what a library does to the response before the gate is installed
 */
function prepared(beneath: Beneath = () => undefined) {
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  const socket = new Socket();
  let sent = '';
  socket.write = (chunk: string | Uint8Array, encoding?: unknown): boolean => {
    const from = typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
    sent += String(typeof chunk === 'string' ? Buffer.from(chunk, from) : Buffer.from(chunk));
    return true;
  };
  res.assignSocket(socket);
  beneath(res);
  prepareGate(res);
  return { res, sent: () => sent };
}

/** A response behind an installed gate. */
async function gated(beneath?: Beneath) {
  const store = await OneStore.start();
  const { hosted, session } = await store.open();
  const { res, sent } = prepared(beneath);
  const failures: unknown[] = [];
  const late: string[] = [];
  const context: GateContext = {
    headAdditions: () => [{ field: SET_COOKIE, values: ['session=token'] }],
    failed: (error, response) => void failures.push([error, response]),
    unsendable: (error) => void failures.push(error),
    late: () => void late.push('late'),
  };
  const gate = new ResponseGate(res, hosted, context);
  return { store, hosted, session, res, gate, context, failures, late, sent };
}

/** The same, with a due change whose commit is held in the store. */
async function holding() {
  const scene = await gated();
  scene.session.put('a', 1);
  return { ...scene, write: scene.store.hold('write') };
}

describe('a response that is prepared for a gate', () => {
  it('passes everything through, with the arguments and return values of its own methods, until the gate is up', () => {
    const { res, sent } = prepared();
    expect(res.writeHead(201, 'Made', { 'x-own': 'yes' })).toBe(res);
    expect(res.flushHeaders()).toBe(undefined);
    expect(sent()).toMatch(/^HTTP\/1.1 201 Made\r\nx-own: yes/);
    expect(res.write('b25l', 'base64')).toBe(true);
    expect(res.end('two')).toBe(res);
    expect(sent()).toMatch(/one[^]*two/);
  });

  it('leads to the gate even by a method that was looked up before', async () => {
    const { store, res, context, sent } = { ...(await gated()), ...prepared() };
    const end = lookUp(res, 'end');
    const { hosted, session } = await store.open();
    session.put('a', 1);
    const gate = new ResponseGate(res, hosted, context);
    const write = store.hold('write');
    Reflect.apply(end, res, ['body']);
    await write.reached;
    expect([sent(), gate.ended, res.writableEnded]).toEqual(['', false, true]);
    write.release();
    await expect.poll(sent).toMatch(/set-cookie: session=token[^]*body/i);
  });

  it('passes a second gate first and then the previous one, and notifies both when it closes', async () => {
    const { store, session, res, context, sent } = await gated();
    const second = await store.open();
    second.session.put('b', 1);
    const gate = new ResponseGate(res, second.hosted, {
      ...context,
      headAdditions: () => [{ field: SET_COOKIE, values: ['second=token'] }],
    });
    session.put('a', 1);
    res.writeHead(202);
    res.write('one');
    res.end('two');
    await expect.poll(sent).toMatch(/one[^]*two/);
    expect(sent()).toMatch(/^HTTP\/1.1 202 /);
    expect(sent().match(/(session|second)=token/g)).toHaveLength(2);
    expect([gate.ended, res.writableEnded]).toEqual([true, true]);

    const closed = await gated();
    const other = await closed.store.open();
    other.session.put('b', 1);
    const last = new ResponseGate(closed.res, other.hosted, closed.context);
    closed.session.put('a', 1);
    closed.res.emit('close');
    expect(last.ended).toBe(false);
    await expect.poll(() => closed.store.calls().length).toBe(2);
  });
});

describe('two gates of one response', () => {
  /** The inner gate, with nothing due; the outer one has something. */
  async function nested() {
    const scene = await gated();
    const inner = await scene.store.open();
    inner.session.put('b', 1);
    await inner.session.commit();
    const head = { ...scene.context, headAdditions: () => [{ field: SET_COOKIE, values: ['second=token'] }] };
    const innerGate = new ResponseGate(scene.res, inner.hosted, head);
    scene.session.put('a', 1);
    return { ...scene, inner: inner.session, innerGate };
  }

  it.each([false, true])(
    'call listeners to the head once, and write the head that these make of it (inner session due too: %s)',
    async (isDue) => {
      const { res, inner, sent } = await nested();
      const writeHead: CallableFunction = Reflect.get(res, 'writeHead');
      let calls = 0;
      Object.assign(res, {
        writeHead: () => Reflect.apply(writeHead, res, [202, { 'x-calls': (calls += 1) }]),
      });
      if (isDue) inner.put('b', 2);
      res.end('body');
      await expect.poll(sent).toMatch(/^HTTP\/1.1 202 [^]*x-calls: 1\r\n[^]*body$/);
      expect(sent().match(/(session|second)=token/g)).toHaveLength(2);
      expect(calls).toBe(1);
    },
  );

  it('write a whole response if the inner session changes while the outer gate holds it', async () => {
    for (const answer of [
      (res: ServerResponse, change: () => unknown) => [res.write('bo'), change(), res.end('dy')],
      (res: ServerResponse, change: () => unknown) => [res.end('body'), change()],
    ]) {
      const { res, inner, sent } = await nested();
      answer(res, () => inner.put('b', 2));
      await expect.poll(sent).toMatch(/^HTTP\/1.1 200 [^]*\r\n\r\n[^]*bo[^]*dy/);
      expect(sent().match(/(session|second)=token/g)).toHaveLength(2);
    }
  });
});

describe('the response gate', () => {
  it('lets everything pass immediately if nothing is due', async () => {
    const { res, sent } = await gated();
    res.end('body');
    await settled();
    expect(sent()).toMatch(/^HTTP\/1.1 200 OK[^]*body/);
  });

  it('holds head and body until the session is stored, and sends both with the cookie', async () => {
    const { store, session, res, sent } = await gated();
    session.put('a', 1);
    const write = store.hold('write');
    res.writeHead(201, { 'x-own': 'yes' });
    expect([res.write('one'), res.headersSent, res.writableEnded]).toEqual([false, true, false]);
    res.end('two');
    expect(res.writableEnded).toBe(true);
    await write.reached;
    expect(sent()).toBe('');
    write.release();
    await expect.poll(sent).toContain('two');
    expect(sent()).toMatch(/^HTTP\/1.1 201 [^]*one[^]*two/);
    for (const header of [/^x-own: yes/im, /^set-cookie: session=token/im]) expect(sent()).toMatch(header);
  });

  it('holds a head that is written with the deprecated writeHeader', async ({ skip }) => {
    skip(!('writeHeader' in ServerResponse.prototype), 'Node 26 has no writeHeader any more');
    const { res, write, sent } = await holding();
    Reflect.apply(Object(Reflect.get(res, 'writeHeader')), res, [201, { 'x-own': 'yes' }]);
    res.end('body');
    await write.reached;
    expect(sent()).toBe('');
    write.release();
    await expect.poll(sent).toContain('body');
    expect(sent()).toMatch(/^HTTP\/1.1 201 [^]*x-own: yes[^]*set-cookie: session=token/i);
  });

  it('appends its cookie to those of the application, whatever the case of the header name', async () => {
    const { session, res, sent } = await gated();
    session.put('a', 1);
    res.writeHead(200, { 'SET-COOKIE': 'theirs=1' });
    res.end('body');
    await expect.poll(sent).toContain('body');
    expect(sent()).toContain('theirs=1');
    expect(sent()).toContain('session=token');
  });

  it('commits changes made while the end is held before it releases the end', async () => {
    const { store, session, res, sent } = await gated();
    session.put('a', 1);
    const write = store.hold('write');
    res.end('body');
    await write.reached;
    session.put('b', 1);
    write.release();
    await expect.poll(sent).toContain('body');
    expect(store.calls()).toEqual(['write A 1', 'write A 2']);
  });

  it('answers a failed commit with a bare 503, without anything of the original response', async () => {
    const { store, hosted, session, res, failures, sent } = await gated();
    session.put('a', 1);
    store.failNext('write');
    res.setHeader('ETag', '"page"');
    res.write('the ');
    res.end('page');
    await expect.poll(sent).toContain('503');
    expect(sent()).toMatch(/cache-control: no-store/i);
    expect(sent()).not.toMatch(/etag|the |page/i);
    expect(failures).toEqual([[expect.objectContaining({ statusCode: 503 }), 'answered']]);
    expect(hosted.due).toBe(false);
  });

  it('destroys the connection if the commit fails after the head was sent', async () => {
    const { store, session, res, failures } = await gated();
    session.put('a', 1);
    await session.commit();
    res.write('half');
    session.put('a', 2);
    store.failNext('write');
    res.end('rest');
    await expect.poll(() => failures.length).toBe(1);
    expect([res.destroyed, failures]).toEqual([true, [[expect.anything(), 'cut off']]]);
  });

  it('stores due changes if the client disconnects before the end', async () => {
    const { store, session, res } = await gated();
    session.put('a', 1);
    res.emit('close');
    await expect.poll(() => store.calls()).toEqual(['write A 1']);
  });

  it('makes a held response look sent, with the usual return values', async () => {
    const { res, gate, write, sent } = await holding();
    expect(res.writeHead(200)).toBe(res);
    expect(res.write('one')).toBe(false);
    expect(() => res.setHeader('x-late', 'yes')).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
    );
    expect([gate.headSent, gate.ended]).toEqual([false, false]);
    expect(res.end()).toBe(res);
    expect([gate.headSent, gate.ended, res.headersSent, res.writableEnded]).toEqual([
      false,
      false,
      true,
      true,
    ]);
    await write.reached;
    write.release();
    await expect.poll(sent).toContain('one');
    expect([gate.headSent, gate.ended, Object.hasOwn(res, 'headersSent')]).toEqual([true, true, false]);
  });

  it('holds a flushed head, and releases it without an end', async () => {
    const { res, write, sent } = await holding();
    res.flushHeaders();
    await write.reached;
    expect(sent()).toBe('');
    write.release();
    await expect.poll(sent).toMatch(/set-cookie: session=token/i);
    res.end();
  });

  it('sends the first of two heads, with the status at that time', async () => {
    const { res, write, sent } = await holding();
    res.statusCode = 202;
    res.statusMessage = 'Taken';
    res.write('one');
    res.statusCode = 500;
    res.statusMessage = 'Broken';
    res.writeHead(500);
    res.end();
    await write.reached;
    write.release();
    await expect.poll(sent).toMatch(/^HTTP\/1.1 202 Taken[^]*one/);

    const other = await holding();
    other.res.writeHead(201);
    other.res.writeHead(500);
    other.res.end('one');
    await other.write.reached;
    other.write.release();
    await expect.poll(other.sent).toMatch(/^HTTP\/1.1 201 [^]*one/);
  });

  it('refuses what is written after a held end, as Node does', async () => {
    const { res, write, sent } = await holding();
    const told: unknown[] = [];
    res.on('error', (error) => told.push(['emitted', Reflect.get(error, 'code')]));
    res.end('body');
    res.write('too much', (error) => told.push(['write', Reflect.get(Object(error), 'code')]));
    res.end('too much');
    await write.reached;
    expect(told).toEqual([]);
    write.release();
    await expect.poll(() => told).toHaveLength(3);
    const code = 'ERR_STREAM_WRITE_AFTER_END';
    expect(told).toEqual([
      ['write', code],
      ['emitted', code],
      ['emitted', code],
    ]);
    expect(sent()).toContain('body');
    expect(sent()).not.toContain('too much');
  });

  it('emits drain to all listeners when released, whether added before or meanwhile', async () => {
    const { res, write, sent } = await holding();
    const told: string[] = [];
    res.on('drain', () => told.push('before'));
    res.write('one');
    res.once('drain', () => told.push('once'));
    res.on('drain', () => told.push('meanwhile'));
    await write.reached;
    expect(told).toEqual([]);
    write.release();
    await expect.poll(sent).toContain('one');
    expect(told.toSorted()).toEqual(['before', 'meanwhile', 'once']);
    res.emit('drain');
    expect(told).toHaveLength(5);
    res.end();
  });

  it('holds only the end once the head was sent', async () => {
    const { store, session, res, sent } = await gated();
    session.put('a', 1);
    await session.commit();
    res.write('half');
    session.put('a', 2);
    expect(res.write('more')).toBe(true);
    const write = store.hold('write');
    res.end('rest');
    await write.reached;
    expect(sent()).toMatch(/half[^]*more/);
    expect(sent()).not.toContain('rest');
    write.release();
    await expect.poll(sent).toContain('rest');
  });

  it.each([
    { code: 'ERR_INVALID_ARG_TYPE', refused: [5], statusCode: 200 },
    { code: 'ERR_HTTP_INVALID_STATUS_CODE', refused: ['page'], statusCode: 99 },
  ])(
    'is not over if Node refuses its end ($code), and stores what is written before the next one',
    async (each) => {
      const { store, session, res, gate, sent } = await gated();
      session.put('a', 1);
      await session.commit();
      res.statusCode = each.statusCode;
      expect(() => Reflect.apply(lookUp(res, 'end'), res, each.refused)).toThrow(
        expect.objectContaining({ code: each.code }),
      );
      expect(gate.ended).toBe(false);
      res.statusCode = 500;
      session.put('a', 2);
      res.end('sorry');
      await expect.poll(sent).toContain('sorry');
      expect(store.calls()).toEqual(['write A 1', 'write A 2']);
    },
  );

  it('answers 503 if each commit finds another change and the head was not sent', async () => {
    const { store, session, res, failures, sent } = await gated();
    session.put('n', 0);
    store.driver.after = ({ method }) => void (method === 'write' && session.increment('n'));
    res.writeHead(200, { 'content-length': 8 });
    res.write('the page');
    res.end();
    await expect.poll(sent).toContain('Service Unavailable');
    expect(sent()).toMatch(/^HTTP\/1.1 503 /);
    expect(sent()).not.toMatch(/200 OK|the page/);
    expect(failures).toEqual([
      [expect.objectContaining({ message: expect.stringContaining('25 times') }), 'answered'],
    ]);
    expect(store.calls().length).toBeLessThan(300);
  });

  it('refuses what is written after a 503, and calls the callback of end', async () => {
    const { store, session, res, sent } = await gated();
    session.put('a', 1);
    store.failNext('write');
    const called: string[] = [];
    res.on('error', (error) => called.push(error.message));
    res.end('the page', () => called.push('ended'));
    await expect.poll(sent).toContain('503');
    expect(called).toEqual([]);
    expect([res.write('more'), res.writeHead(200), res.end('more')]).toEqual([false, res, res]);
    await settled();
    res.emit('finish');
    expect(called).toEqual([expect.stringMatching(/^write after end/), 'ended']);
    expect(sent()).not.toMatch(/more|the page/);
  });

  it('lets nobody destroy the response before its 503 is sent', async () => {
    const { store, session, res, sent } = await gated();
    session.put('a', 1);
    store.failNext('write');
    const errors: Error[] = [];
    res.on('error', (error) => {
      errors.push(error);
      res.destroy();
    });
    res.write('half a page');
    await expect.poll(sent).toContain('503');
    await expect.poll(() => errors).toHaveLength(1);
    expect(res.destroyed).toBe(false);
    res.emit('finish');
    expect(res.destroy().destroyed).toBe(true);
  });

  it('answers 500 if Node refuses the head once it is sent, with the cookie of the stored session', async () => {
    const { store, session, res, failures, sent } = await gated();
    session.put('a', 1);
    res.writeHead(200, { 'content-length': 8, trailer: 'x-sum' });
    res.end('the page');
    await expect.poll(sent).toContain('Internal server error');
    expect(sent()).toMatch(/^HTTP\/1.1 500 [^]*set-cookie: session=token/i);
    expect(failures).toEqual([expect.objectContaining({ code: 'ERR_HTTP_TRAILER_INVALID' })]);
    expect(store.calls()).toEqual(['write A 1']);
  });

  it('answers a failed commit without the status message of the original response', async () => {
    const { store, session, res, sent } = await gated();
    store.driver.before = () => Promise.reject(new Error('down'));
    session.put('a', 1);
    res.statusMessage = 'All Well';
    res.end('the page');
    await expect.poll(sent).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/);
  });

  it.each([
    { what: 'a chunk', refuse: (res: ServerResponse) => Reflect.apply(lookUp(res, 'write'), res, [5]) },
    { what: 'a last chunk', refuse: (res: ServerResponse) => Reflect.apply(lookUp(res, 'end'), res, [5]) },
    { what: 'a status', refuse: (res: ServerResponse) => Object.assign(res, { statusCode: 99 }).end() },
    {
      what: 'a status message',
      refuse: (res: ServerResponse) => Object.assign(res, { statusMessage: 'two\nlines' }).end(),
    },
  ])(
    'sends the answer to the error if Node refuses $what, also with listeners to the head',
    async ({ refuse }) => {
      const { session, res, failures, sent } = await gated();
      const writeHead: CallableFunction = Reflect.get(res, 'writeHead');
      Object.assign(res, {
        writeHead: (...args: unknown[]) => Reflect.apply(writeHead, res.setHeader('x-heard', 'yes'), args),
      });
      session.put('a', 1);
      res.statusCode = 201;
      expect(() => refuse(res)).toThrow(/invalid|must be of type/i);
      res.statusCode = 404;
      res.statusMessage = 'None';
      res.end('sorry');
      await expect.poll(sent).toMatch(/^HTTP\/1.1 404 None\r\n[^]*x-heard[^]*session=token[^]*sorry$/);
      expect(failures).toEqual([]);
    },
  );

  it('commits once if the client disconnects during a commit or after the end', async () => {
    const { store, res, session, write, sent } = await holding();
    res.end('body');
    await write.reached;
    res.emit('close');
    write.release();
    await expect.poll(sent).toContain('body');
    session.put('a', 2);
    res.emit('close');
    await settled();
    expect(store.calls()).toEqual(['write A 1']);
  });

  it('reports a commit that fails after a disconnect, and stores its changes with the next ones', async () => {
    const { store, session, res, failures } = await gated();
    session.put('a', 1);
    store.failNext('write');
    res.emit('close');
    await expect.poll(() => failures).toEqual([[expect.anything(), 'gone']]);
    session.put('b', 2);
    await session.commit();
    expect(store.calls()).toEqual(['write A 1', 'write A 1', 'write A 2']);
  });

  it('stores changes that a library beneath it makes on the first chunk, before the end passes', async () => {
    let change = (): void => undefined;
    const { store, session, res, sent } = await gated((bare) => {
      const write = lookUp(bare, 'write');
      bare.write = (...args: unknown[]): boolean => {
        change();
        return Boolean(Reflect.apply(write, bare, args));
      };
    });
    change = () => {
      change = () => undefined;
      session.put('b', 2);
    };
    session.put('a', 1);
    res.write('one');
    res.end('two');
    await expect.poll(sent).toContain('two');
    expect(store.calls()).toEqual(['write A 1', 'write A 2']);
  });

  it('reports a late cookie if the head was written past it, and destroys the connection if the commit fails', async () => {
    const { res, write, late, sent } = await holding();
    res.write('one');
    ServerResponse.prototype.writeHead.call(res, 202);
    await write.reached;
    write.release();
    await expect.poll(sent).toMatch(/^HTTP\/1.1 202 [^]*one/);
    expect(late).toEqual(['late']);

    const other = await gated();
    other.session.put('a', 1);
    other.store.failNext('write');
    other.res.write('one');
    ServerResponse.prototype.writeHead.call(other.res, 202);
    await expect.poll(() => other.failures).toEqual([[expect.anything(), 'cut off']]);
    expect([other.res.destroyed, other.sent()]).toEqual([true, '']);
  });

  it('lets calls made within end pass, even if the session has changed by then', async () => {
    let change = (): unknown => undefined;
    const { session, res, sent } = await gated((bare) => {
      const end = lookUp(bare, 'end');
      bare.end = (chunk: unknown) => {
        change();
        bare.write(chunk);
        return Reflect.apply(end, bare, []);
      };
    });
    change = () => session.put('a', 1);
    res.end('body');
    await settled();
    expect(sent()).toMatch(/\r\n\r\nbody$/);
  });
});
