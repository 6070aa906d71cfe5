import { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { Controller, Get } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Flash, type FlashMessages, Session } from 'nestjs-session-kit';
import { HandlerApp, type HandlerContext } from '../support/handler-app.js';
import { PLATFORMS, TestApp, setCookies } from '../support/test-app.js';

@Controller()
class EchoController {
  @Get('write')
  write(@Session() session: Session) {
    session.put('name', 'Ada').flash('status', 'Saved.');
    return session;
  }

  @Get('flash')
  flash(@Flash() messages: FlashMessages) {
    return messages;
  }

  @Get('inspect')
  inspect(@Session() session: Session) {
    return { text: inspect(session, { depth: 10, showHidden: false }) };
  }
}

/** What the package has added to a request. */
function ownParts(request: object): unknown[] {
  const own = Object.getOwnPropertySymbols(request).filter((key) => String(key).includes('session-kit'));
  expect(own).not.toEqual([]);
  return own.map((key) => Reflect.get(request, key));
}

describe.each(PLATFORMS)('a session turned into text on %s', (platform) => {
  it('contains its values and messages when a handler returns it', async () => {
    await using app = await TestApp.start(platform, { controllers: [EchoController] });
    const visitor = app.visitor();
    await visitor.get('/write').expect(200, { name: 'Ada', status: 'Saved.' });
    await visitor.get('/flash').expect(200, { status: 'Saved.' });
  });

  it('shows no id when it is logged', async () => {
    await using app = await TestApp.start(platform, { controllers: [EchoController] });
    const [cookie = ''] = setCookies(await app.request.get('/write'))[0]?.split(';') ?? [];
    const { text } = (await app.request.get('/inspect').set('Cookie', cookie)).body;
    const id = cookie.split('.')[1] ?? '';
    expect(id).toHaveLength(43);
    expect(text).not.toContain(id);
  });

  it.each<[what: string, of: (context: HandlerContext) => unknown]>([
    ['what its request keeps of it', ({ req }) => ownParts(req['raw'] ?? req)],
    ['what its request has started', () => new AsyncResource('job')],
  ])('shows neither id nor values by console.dir of %s', async (_what, of) => {
    await using app = await HandlerApp.start(platform, { options: { driver: 'memory' } });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('name', 'Ada'));
    const shown = await visitor.in((session, context) => {
      session.get('name');
      const text = inspect(of(context), { depth: null, customInspect: false });
      return [session.id, session.signedId, 'Ada'].map((secret) => text.includes(secret));
    });
    expect(shown).toEqual([false, false, false]);
  });
});
