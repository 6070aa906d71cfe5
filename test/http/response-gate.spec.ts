import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ResponseGate } from '../../lib/http/response-gate.js';
import { OneStore, stoppedTime } from '../support/one-session.js';

stoppedTime();

/** A response whose bytes are kept, behind a gate that is up. */
async function gated() {
  const store = await OneStore.start();
  const { session } = await store.open();
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  const socket = new Socket();
  let sent = '';
  socket.write = (chunk: string | Uint8Array): boolean => {
    sent += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  res.assignSocket(socket);
  const failures: unknown[] = [];
  const gate = new ResponseGate(res, session, {
    cookies: () => ['session=token'],
    failed: (error, answered) => void failures.push([error, answered]),
    unsendable: (error) => void failures.push(error),
    late: () => undefined,
  });
  return { store, session, res, gate, failures, sent: () => sent };
}

describe('the response gate', () => {
  it('lets everything pass at once where nothing is due', async () => {
    const { res, sent } = await gated();
    res.end('body');
    await settled();
    expect(sent()).toMatch(/^HTTP\/1.1 200 OK[^]*body/);
  });

  it('holds head and body back until the session is stored, and sends both with the cookie', async () => {
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

  it('appends its cookie to those of the application, in whatever letters they are written', async () => {
    const { session, res, sent } = await gated();
    session.put('a', 1);
    res.writeHead(200, { 'SET-COOKIE': 'theirs=1' });
    res.end('body');
    await expect.poll(sent).toContain('body');
    expect(sent()).toContain('theirs=1');
    expect(sent()).toContain('session=token');
  });

  it('commits what is changed while the end is held before it lets the end go', async () => {
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

  it('answers a failed commit with a bare 503, nothing of the answer before it left', async () => {
    const { store, session, res, failures, sent } = await gated();
    session.put('a', 1);
    store.failNext('write');
    res.setHeader('ETag', '"page"');
    res.end('the page');
    await expect.poll(sent).toContain('503');
    expect(sent()).toMatch(/cache-control: no-store/i);
    expect(sent()).not.toMatch(/etag|the page/i);
    expect(failures).toEqual([[expect.objectContaining({ statusCode: 503 }), true]]);
    expect(session.due).toBe(false);
  });

  it('breaks the connection where the head is out and the commit fails', async () => {
    const { store, session, res, failures } = await gated();
    session.put('a', 1);
    await session.commit();
    res.write('half');
    session.put('a', 2);
    store.failNext('write');
    res.end('rest');
    await expect.poll(() => failures.length).toBe(1);
    expect([res.destroyed, failures]).toEqual([true, [[expect.anything(), false]]]);
  });

  it('stores what is due where the client goes away before the end', async () => {
    const { store, session, res } = await gated();
    session.put('a', 1);
    res.emit('close');
    await expect.poll(() => store.calls()).toEqual(['write A 1']);
  });
});
