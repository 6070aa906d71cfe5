import { Controller, Get, Header, HttpStatus, Post, Query, Redirect, Render } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Session } from 'nestjs-session-kit';

import type { Environment } from '../environment.js';

/** Shows visitors their own session, and what the other pages do to it. */
@Controller('session')
export class SessionPageController {
  constructor(private readonly config: ConfigService<Environment, true>) {}

  /** @param forgotten present after `forget`, whatever its value */
  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('session')
  show(@Session() session: Session, @Query('forgotten') forgotten?: string) {
    const driver = this.config.get('SESSION_DRIVER', { infer: true });
    return {
      driver,
      // With stealth there is no record: the whole session is in the cookie.
      isSealed: driver === 'stealth',
      forgotten: forgotten !== undefined,
      // Anyone with the whole id has the session, so no page and no log ever shows all of it.
      idStart: session.id.slice(0, 6),
      stored: session.stored,
      createdAt: session.createdAt,
      expiresAt: session.expiresAt,
      duration: session.duration,
      values: JSON.stringify(session.all(), null, 2),
    };
  }

  /** A new id for the same data, as at sign-in. */
  @Post('regenerate')
  @Redirect('/session', HttpStatus.SEE_OTHER)
  regenerate(@Session() session: Session): void {
    session.regenerate();
    session.flash('status', 'Your session goes on under a new id.');
  }

  /**
   * Ends the session: removes the record and the cookie. The URL says what was done, because a flash message
   * would begin a new session.
   */
  @Post('forget')
  @Redirect('/session?forgotten', HttpStatus.SEE_OTHER)
  async forget(@Session() session: Session): Promise<void> {
    await session.destroy();
  }
}
