import { type CanActivate, Controller, type ExecutionContext, Get, UseGuards } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';

/** Switches the request to another session without loading it. */
class SwitchingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { query } = context.switchToHttp().getRequest<{ query: { id: string } }>();
    Session.setId(query.id);
    return true;
  }
}

@Controller()
class Pages {
  @Get('name')
  name(@Session() session: Session) {
    return { id: session.put('name', 'ann').id };
  }

  @Get('switched')
  @UseGuards(SwitchingGuard)
  switched(@Session('name') name: unknown, @Session() session: Session) {
    return { name, visits: session.increment('visits') };
  }
}

describe.each(PLATFORMS)('On %s, a session that a guard has switched to', (platform) => {
  it('is loaded before the handler and committed after it', async () => {
    await using app = await TestApp.start(platform, { controllers: [Pages] });
    const { body } = await app.request.get('/name');
    const visitor = app.visitor();
    expect((await visitor.get(`/switched?id=${body.id}`)).body).toEqual({ name: 'ann', visits: 1 });
    expect((await visitor.get(`/switched?id=${body.id}`)).body).toEqual({ name: 'ann', visits: 2 });
  });

  it('fails the request with a 503 if its store fails', async () => {
    const driver = new ScriptedDriver();
    await using app = await TestApp.start(platform, {
      controllers: [Pages],
      options: { driver: 'scripted', drivers: { scripted: { useFactory: () => driver } } },
    });
    driver.mood = 'failing';
    expect((await app.request.get('/switched?id=some-id')).status).toBe(503);
  });
});
