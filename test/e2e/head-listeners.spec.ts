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
}

describe.each(PLATFORMS)('a head listener that is the first to write to the session, on %s,', (platform) => {
  it.each(Object.keys(ANSWERS))(
    'leaves the response by %s whole, and has its write stored',
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
    'leaves the response by %s whole if the session would be new',
    async (method) => {
      await using app = await HandlerApp.start(platform, { controllers: [Pages] });
      const { text } = await app.visitor().agent.get(`/page/${method}`).expect(200);
      expect(text).toBe('a page');
    },
  );
});
