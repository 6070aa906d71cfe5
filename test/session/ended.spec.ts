import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-session-kit';
import { describe, expect, it } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

@Controller()
class FacadeController {
  @Get('facade')
  facade(@Session() session: Session): object {
    return { same: Session.ended === session.ended, aborted: Session.ended.aborted };
  }
}

describe.each(PLATFORMS)('session.ended on %s', (platform) => {
  it('is one signal per request, on the facade too', async () => {
    await using app = await HandlerApp.start(platform, { controllers: [FacadeController] });
    await app.visitor().agent.get('/facade').expect(200, { same: true, aborted: false });
  });

  it('does not collide with a value named `ended`, on request.session and on the session', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    await visitor.in((session, { req }) => {
      const shape = Object(req.session);
      expect(shape.ended).toBeUndefined();
      expect('ended' in shape).toBe(false);
      shape.ended = true;
      expect(session.ended).toBeInstanceOf(AbortSignal);
    });
    await visitor.in((session, { req }) => {
      expect(session.get('ended')).toBe(true);
      expect(Object(req.session)).toMatchObject({ ended: true });
      expect(Object.keys(Object(req.session))).toEqual(['ended']);
    });
  });

  it('does not fire after the response has ended', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    const { asHeaders: headers, value: id } = await visitor.handle(
      (session) => session.put('user', 'ann').id,
    );
    const ended = await visitor.in((session) => session.ended);
    await visitor.in((session) => session.get('user'), { headers });
    await app.manager.destroy(id);
    expect(ended.aborted).toBe(false);
  });
});
