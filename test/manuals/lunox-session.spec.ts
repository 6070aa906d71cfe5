// The manual of Lunox's sessions, from top to bottom, in this package's terms.
import { Controller, Get, Req } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RequestSession, Session, SessionModule } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, SECRET } from '../support/test-app.js';

@Controller()
class ProfileController {
  @Get('profile')
  profile(@Req() req: { session: RequestSession }) {
    return { all: req.session.all(), key: req.session.get('key') };
  }

  @Get('write')
  write(@Req() req: { session: RequestSession }) {
    req.session.put('key', 'value');
    return {};
  }
}

describe.each(PLATFORMS)("the manual of Lunox's sessions on %s", (platform) => {
  let app: HandlerApp;

  beforeAll(async () => {
    app = await HandlerApp.start(platform, { controllers: [ProfileController] });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  describe('configuration', () => {
    // Lunox stores sessions in files by default; here the default is `stealth` (design, section 3), which needs no
    // folder, no server and no table.
    it('keeps sessions in the cookie by default', async () => {
      await using plain = await HandlerApp.start(platform, {
        session: SessionModule.forRoot({ secret: SECRET }),
      });
      const { value: id, asHeaders: headers } = await plain
        .visitor()
        .handle((session) => session.put('a', 1).id);
      expect(await plain.manager.read(id)).toBeNull();
      expect(await plain.visitor().in((session) => session.all(), { headers })).toEqual({ a: 1 });
    });

    it('can store sessions in files, where they survive a restart', async () => {
      await using folder = await TempFolder.make();
      const options = { driver: 'file', file: { location: folder.path } };
      let headers = { cookie: '' };
      {
        await using before = await HandlerApp.start(platform, { options });
        ({ asHeaders: headers } = await before.visitor().handle((session) => session.put('a', 1)));
      }
      await using after = await HandlerApp.start(platform, { options });
      expect(await after.visitor().in((session) => session.all(), { headers })).toEqual({ a: 1 });
    });

    it('fails to start with a folder that it cannot write to', async () => {
      await using folder = await TempFolder.make({ file: '' });
      const options = { driver: 'file', file: { location: `${folder.path}/file` } };
      await expect(HandlerApp.start(platform, { options })).rejects.toThrow(/location/);
    });
  });

  describe('reaching the session', () => {
    it('works through the request in every controller, without a decorator', async () => {
      const { agent } = app.visitor();
      await agent.get('/write').expect(200);
      const { body } = await agent.get('/profile').expect(200);
      expect(body).toEqual({ all: { key: 'value' }, key: 'value' });
    });

    // Lunox has no global helper; here the facade is one.
    it('works in any function, without the request', async () => {
      const visitor = app.visitor();
      const helper = () => Session.increment('views');
      await visitor.in(helper);
      expect(await visitor.in(helper)).toBe(2);
    });

    it('throws an error outside of a request', () => {
      expect(() => Session.get('key')).toThrow(/no current session/);
    });
  });

  it('stores a value', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put('key', 'value'));
    expect(await visitor.in((session) => [session.get('key'), session.all()])).toEqual([
      'value',
      { key: 'value' },
    ]);
  });

  it('has values that are present and not null; null values only exist', async () => {
    const visitor = app.visitor();
    await visitor.in((session) =>
      session.put({ key: 'value', nothing: null, zero: 0, no: false, empty: '' }),
    );
    const keys = ['key', 'nothing', 'absent', 'zero', 'no', 'empty'];
    const seen = await visitor.in((session) => keys.map((key) => [session.has(key), session.exists(key)]));
    expect(seen).toEqual([
      [true, true],
      [false, true],
      [false, false],
      [true, true],
      [true, true],
      [true, true],
    ]);
  });

  it('forgets several keys at once', async () => {
    const visitor = app.visitor();
    await visitor.in((session) => session.put({ key1: 1, key2: 2, key3: 3 }));
    await visitor.in((session) => session.forget(['key1', 'key2']));
    expect(await visitor.in((session) => session.all())).toEqual({ key3: 3 });
  });

  it('flushes all values and keeps its id', async () => {
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put({ key1: 1, key2: 2 }).id);
    await visitor.in((session) => session.flush());
    expect(await visitor.in((session) => [session.all(), session.id])).toEqual([{}, id]);
  });
});
