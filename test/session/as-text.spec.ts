import { inspect } from 'node:util';
import { Controller, Get } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Flash, type FlashMessages, Session } from 'nestjs-session-kit';
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
});
