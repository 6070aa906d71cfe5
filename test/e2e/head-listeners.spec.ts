import type { ServerResponse } from 'node:http';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';
import { rawOf } from './endings.controller.js';

/** Calls a listener when the head is about to be written, as the package `on-headers` does. */
function onHead(res: ServerResponse, listener: () => void): void {
  const writeHead: unknown = Reflect.get(res, 'writeHead');
  let called = false;
  Object.assign(res, {
    writeHead(this: ServerResponse, ...args: unknown[]): unknown {
      if (!called) {
        called = true;
        listener();
      }
      return Reflect.apply(Object(writeHead), this, args);
    },
  });
}

const ANSWERS: Readonly<Record<string, (res: ServerResponse) => unknown>> = {
  end: (res) => res.end('a page'),
  write: (res) => [res.write('a '), res.end('page')],
  writeHead: (res) => res.writeHead(200).end('a page'),
  flushHeaders: (res) => [res.flushHeaders(), res.end('a page')],
};

@Controller()
class Pages {
  @Get('page/:method')
  page(@Param('method') method: string, @Res() response: Parameters<typeof rawOf>[0]): void {
    const res = rawOf(response);
    onHead(res, () => {
      Session.increment('pages');
    });
    ANSWERS[method]?.(res);
  }

  /** Has something to store already when the listener writes. */
  @Get('visit/:method')
  visit(@Param('method') method: string, @Res() response: Parameters<typeof rawOf>[0]): void {
    const res = rawOf(response);
    let calls = 0;
    onHead(res, () => {
      Session.increment('pages');
      res.setHeader('x-calls', (calls += 1));
    });
    Session.increment('visits');
    ANSWERS[method]?.(res);
  }

  /** Node.js refuses a body that is a number, and an exception filter answers. */
  @Get('refused')
  async refused(@Res() response: Parameters<typeof rawOf>[0]): Promise<void> {
    const res = rawOf(response);
    onHead(res, () => undefined);
    Session.increment('visits');
    await Session.commit();
    Reflect.apply(Object(Reflect.get(res, 'end')), res, [1]);
  }

  /** A second listener has something to say about the head itself. */
  @Get('moved')
  moved(@Res() response: Parameters<typeof rawOf>[0]): void {
    const res = rawOf(response);
    const writeHead: unknown = Reflect.get(res, 'writeHead');
    const calls: unknown[] = [];
    Object.assign(res, {
      writeHead(this: ServerResponse, ...args: unknown[]): unknown {
        calls.push(args);
        return Reflect.apply(Object(writeHead), this, [202, { 'x-calls': calls.length }]);
      },
    });
    Session.increment('visits');
    res.end('a page');
  }
}

describe.each(PLATFORMS)('a head listener, on %s,', (platform) => {
  it.each(Object.keys(ANSWERS))(
    'that is the first to write leaves the response by %s whole, and has its write stored',
    async (method) => {
      await using app = await HandlerApp.start(platform, { controllers: [Pages] });
      const visitor = app.visitor();
      await visitor.in((session) => session.put('begun', true));
      for (const pages of [1, 2]) {
        const { text } = await visitor.agent.get(`/page/${method}`).expect(200);
        expect(text).toBe('a page');
        expect(await visitor.in((session) => session.get('pages'))).toBe(pages);
      }
    },
  );

  it.each(Object.keys(ANSWERS))(
    'that is the first to write leaves the response by %s whole if the session would be new',
    async (method) => {
      await using app = await HandlerApp.start(platform, { controllers: [Pages] });
      const { text } = await app.visitor().agent.get(`/page/${method}`).expect(200);
      expect(text).toBe('a page');
    },
  );

  it.each(Object.keys(ANSWERS))(
    'has its write stored before the response by %s is sent, with what the handler wrote, in a new session too',
    async (method) => {
      await using app = await HandlerApp.start(platform, {
        controllers: [Pages],
        options: { driver: 'stealth' },
      });
      const visitor = app.visitor();
      for (const count of [1, 2]) {
        const { text, headers } = await visitor.agent.get(`/visit/${method}`).expect(200);
        expect(text).toBe('a page');
        expect(headers['x-calls']).toBe('1');
        expect(headers['content-length']).toBe(method === 'end' ? '6' : undefined);
        const both = await visitor.in((session) => session.only('pages', 'visits'));
        expect(both).toEqual({ pages: count, visits: count });
      }
    },
  );

  it('is called once for a head that it changes', async () => {
    await using app = await HandlerApp.start(platform, { controllers: [Pages] });
    const visitor = app.visitor();
    const { headers } = await visitor.agent.get('/moved').expect(202);
    expect(headers['x-calls']).toBe('1');
    expect(headers['content-length']).toBe('6');
    expect(await visitor.in((session) => session.get('visits'))).toBe(1);
  });

  it('leaves the error its status that answers what Node.js refuses to send', async () => {
    await using app = await HandlerApp.start(platform, { controllers: [Pages] });
    const { body } = await app.visitor().agent.get('/refused').expect(500);
    expect(body).toEqual({ statusCode: 500, message: 'Internal server error' });
  });
});
