import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Post, Query } from '@nestjs/common';
import { afterAll, describe, expect, it } from 'vitest';
import { Flash, type FlashMessages, Session } from 'nestjs-session-kit';
import { PLATFORMS, TestApp, setCookies } from '../support/test-app.js';

const FOLDER = join(tmpdir(), `session-smoke-${process.pid}`);

afterAll(() => {
  rmSync(FOLDER, { recursive: true, force: true });
});

@Controller()
class PagesController {
  @Get('none')
  none() {
    return { ok: true };
  }

  @Get('read')
  read(@Session() session: Session) {
    return { views: session.get('views', 0), fresh: session.fresh };
  }

  @Get('facade')
  facade(@Query('name') name: string) {
    Session.put('name', name);
    return { name: Session.get('name') };
  }

  @Post('write')
  write(@Session() session: Session) {
    return { views: session.increment('views') };
  }

  @Post('flash')
  flash(@Session() session: Session) {
    session.flash('status', 'Saved.');
    return {};
  }

  @Get('flash')
  flashed(@Flash() messages: FlashMessages, @Flash('status') status: string) {
    return { all: messages.all(), status };
  }
}

describe.each(PLATFORMS)('a session on %s', (platform) => {
  for (const driver of ['memory', 'stealth', 'file'])
    it(`keeps with ${driver} what one request stored for the next`, async () => {
      await using app = await TestApp.start(platform, {
        controllers: [PagesController],
        options: { driver, file: { location: FOLDER } },
      });
      const visitor = app.visitor();
      const none = await visitor.get('/none').expect(200);
      expect(setCookies(none)).toEqual([]);
      const first = await visitor.post('/write');
      expect(first.body).toEqual({ views: 1 });
      expect(setCookies(first)).toHaveLength(1);
      const second = await visitor.post('/write').expect(201);
      expect(second.body).toEqual({ views: 2 });
      if (driver !== 'stealth') expect(setCookies(second)).toEqual([]);
      expect((await visitor.get('/read')).body).toEqual({ views: 2, fresh: false });
      expect((await visitor.get('/facade?name=a')).body).toEqual({ name: 'a' });
      await visitor.post('/flash');
      expect((await visitor.get('/flash')).body).toEqual({ all: { status: 'Saved.' }, status: 'Saved.' });
      expect((await visitor.get('/flash')).body).toEqual({ all: {} });
    });
});
