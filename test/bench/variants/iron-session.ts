import { Controller, Get, Session } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { getIronSession, type IronSession } from 'iron-session';
import { expressApp } from './nest-app.js';
import { ageMs, cookieName, secret } from './secrets.js';
import { firstViews, nextViews, sessionContent, type Answer } from './session-content.js';
import type { StartVariant } from './variant.js';

type Bag = IronSession<Record<string, unknown>>;

@Controller()
class IronController {
  @Get('none')
  none(): Answer {
    return { views: firstViews };
  }

  @Get('read')
  read(@Session() session: Bag): Answer {
    return { views: session['views'] };
  }

  @Get('write')
  async write(@Session() session: Bag): Promise<Answer> {
    const views = nextViews();
    Object.assign(session, { views });
    await session.save();
    return { views };
  }

  @Get('seed')
  async seed(@Session() session: Bag): Promise<Answer> {
    Object.assign(session, sessionContent());
    await session.save();
    return { views: firstViews };
  }

  @Get('all')
  all(@Session() session: Bag): Record<string, unknown> {
    return { ...session };
  }
}

const options = { password: secret, cookieName, ttl: ageMs / 1000, cookieOptions: { secure: false } };

async function openSession(request: Request, response: Response): Promise<void> {
  Object.assign(request, { session: await getIronSession(request, response, options) });
}

/** iron-session: values in an encrypted cookie, opened in a middleware like the others. */
export function ironSession(): StartVariant {
  return async () => {
    const app = await expressApp(IronController);
    app.use((request: Request, response: Response, next: NextFunction) => {
      openSession(request, response).then(() => next(), next);
    });
    return app;
  };
}
