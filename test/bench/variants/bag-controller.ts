import { Controller, Get, Session } from '@nestjs/common';
import { firstViews, nextViews, sessionContent, type Answer } from './session-content.js';

type Bag = Record<string, unknown>;

/** Reads and writes a session that is a plain object on the request, as with express-session and cookie-session. */
@Controller()
export class BagController {
  @Get('none')
  none(): Answer {
    return { views: firstViews };
  }

  @Get('read')
  read(@Session() session: Bag): Answer {
    return { views: session['views'] };
  }

  @Get('write')
  write(@Session() session: Bag): Answer {
    const views = nextViews();
    session['views'] = views;
    return { views };
  }

  @Get('seed')
  seed(@Session() session: Bag): Answer {
    Object.assign(session, sessionContent());
    return { views: firstViews };
  }

  @Get('all')
  all(@Session() session: Bag): Bag {
    return { ...session };
  }
}
