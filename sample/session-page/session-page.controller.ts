import { Controller, Get, Header, HttpStatus, Post, Redirect, Render } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Session } from 'nestjs-session-kit';

import type { Environment } from '../environment.js';

/** Shows visitors their own session, to see what the other pages do to it. */
@Controller('session')
export class SessionPageController {
  constructor(private readonly config: ConfigService<Environment, true>) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('session')
  show(@Session() session: Session) {
    return {
      driver: this.config.get('SESSION_DRIVER', { infer: true }),
      // Who holds the whole id holds the session, so no page and no log ever shows all of it.
      idStart: session.id.slice(0, 6),
      stored: session.stored,
      createdAt: session.createdAt,
      expiresAt: session.expiresAt,
      duration: session.duration,
      values: JSON.stringify(session.all(), null, 2),
    };
  }

  /** A new id for the same data: what a sign-in does. */
  @Post('regenerate')
  @Redirect('/session', HttpStatus.SEE_OTHER)
  regenerate(@Session() session: Session): void {
    session.regenerate();
    session.flash('status', 'Your session goes on under a new id.');
  }

  /** The end of the session: the record is removed, and so is the cookie. */
  @Post('forget')
  @Redirect('/session', HttpStatus.SEE_OTHER)
  async forget(@Session() session: Session): Promise<void> {
    await session.destroy();
  }
}
