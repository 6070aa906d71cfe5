import { CanActivate, Controller, type ExecutionContext, Get, Injectable, UseGuards } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Flash, type FlashMessages, type RequestSession, Session } from 'nestjs-session-kit';
import { HandlerApp, type HandlerContext, type Visitor } from '../support/handler-app.js';
import { PAIRS } from '../support/test-app.js';

type End = (session: RequestSession, context: HandlerContext) => unknown;

const ENDS: Readonly<Record<string, End>> = {
  signOut: (session) => void session.signOut(),
  invalidate: (session) => void session.invalidate(),
  'signOut and commit': (session) => session.signOut().commit(),
  'signOut, commit and reload': async (session) => {
    await session.signOut().put('stays', true).commit();
    await session.reload();
    session.forget('stays');
  },
  'signOut and commit, and a second signOut that a reload takes back': async (session) => {
    await session.signOut().put('stays', true).commit();
    await session.signOut().reload();
    session.forget('stays');
  },
  'signOut twice': (session) => void session.signOut().signOut(),
  destroy: (session) => session.destroy(),
  'a destroy that nobody awaits': (session) => void session.destroy(),
  forget: (session) => session.forget(),
  'request.session = null': (_session, { req }) => void Object.assign(req, { session: null }),
  setId: async (session) => {
    session.setId(await session.generateId());
    await session.start();
  },
};

/** All that can be read in a session, and that is not the same in every session. */
function readable(session: RequestSession, { req }: HandlerContext): unknown[] {
  const { flashMessages: messages } = session;
  return [
    [session.get('status'), session.all(), session.only('name'), session.except('x'), session.toJSON()],
    [session.has('status'), session.exists('name'), session.old('name'), session.old('user[city]')],
    [messages.get('status'), messages.all(), messages.has('name'), messages.isEmpty, messages.errors()],
    [messages.old('name'), messages.hasErrors, Session.current().old('name'), Session.get('status')],
    [Object.keys(Object(req.session)), Object(req)['flash']()],
    [session.pull('status'), session.userId],
  ];
}

@Injectable()
class SignOutGuard implements CanActivate {
  canActivate(_context: ExecutionContext): boolean {
    Session.signOut();
    return true;
  }
}

@Controller()
class LeftController {
  @Get('left')
  @UseGuards(SignOutGuard)
  left(@Flash() messages: FlashMessages, @Flash('status') status: unknown, @Session() session: Session) {
    return [messages.all(), status ?? null, session.all()];
  }
}

describe.each(PAIRS)('the messages of a session that ended, on %s with %s,', (platform, driver) => {
  const start = () => HandlerApp.start(platform, { options: { driver }, controllers: [LeftController] });

  /** A visitor whose last request left a user, a form, a message and a list for req.flash. */
  async function visitorOf(app: HandlerApp): Promise<Visitor> {
    const visitor = app.visitor();
    await visitor.in((session) => session.signIn('ann').put('cart', 1));
    await visitor.in(
      (session, { req }) => {
        Object(req)['flash']('info', 'Private.');
        session.flashAll().flash('status', 'Private.');
      },
      { body: { name: 'Ann', user: { city: 'Bath' } } },
    );
    return visitor;
  }

  it.each(Object.entries(ENDS))('cannot be read after %s', async (_how, end) => {
    await using app = await start();
    const visitor = await visitorOf(app);
    const [seen, kept] = await visitor.in(async (session, context) => {
      await end(session, context);
      const found = readable(session, context);
      session.reflash();
      Object(context.req)['flash']('info', 'For all.');
      return [found, session.all()];
    });
    expect(seen).toEqual(await app.visitor().in(readable));
    expect(kept).toEqual({ info: ['For all.'] });
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({ info: ['For all.'] });
  });

  it('are not given to a handler behind a guard that signs out', async () => {
    await using app = await start();
    const visitor = await visitorOf(app);
    await visitor.agent.get('/left').expect(200, [{}, null, {}]);
  });

  it('are not those of the user who signs in next, nor what that user flashes', async () => {
    await using app = await start();
    const visitor = await visitorOf(app);
    const seen = await visitor.in((session) => {
      session.signOut().signIn('bob').flash('status', 'Welcome.');
      return [session.flashMessages.all(), session.get('status')];
    });
    expect(seen).toEqual([{}, 'Welcome.']);
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({ status: 'Welcome.' });
  });

  it('are there if a reload takes the end back', async () => {
    await using app = await start();
    const visitor = await visitorOf(app);
    const seen = await visitor.in(async (session) => {
      await session.signOut().reload();
      return [session.userId, session.flashMessages.get('status'), session.old('name')];
    });
    expect(seen).toEqual(['ann', 'Private.', 'Ann']);
  });
});
