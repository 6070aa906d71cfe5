import { setTimeout as wait } from 'node:timers/promises';

import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  ParseIntPipe,
  Post,
  Redirect,
  Render,
} from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Session } from 'nestjs-session-kit';

import type { Environment } from '../environment.js';
import { REQUEST_COUNT } from './tally.js';
import { UnmergedStore } from './unmerged-store.js';

/** How long each request works, as if it queried a database. Meanwhile others come and go. */
const WORK_MS = 20;

/** "Fifty at once": shows what fifty overlapping requests leave, here and with a store that does not merge. */
@Controller('parallel')
export class ParallelController {
  constructor(
    private readonly unmerged: UnmergedStore,
    private readonly config: ConfigService<Environment, true>,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('parallel')
  show(@Session() session: Session) {
    const driver = this.config.get('SESSION_DRIVER', { infer: true });
    return {
      requestCount: REQUEST_COUNT,
      driver,
      isSealed: driver === 'stealth',
      merged: session.get('parallel') ?? null,
      unmerged: this.unmerged.load(session.handle),
    };
  }

  /**
   * Starts over. The fifty requests need an existing session: without one, each request would begin its own.
   */
  @Post('start')
  @HttpCode(HttpStatus.NO_CONTENT)
  start(@Session() session: Session): void {
    session.put('parallel', { count: 0, names: [], sent: REQUEST_COUNT });
    this.unmerged.forget(session.handle);
  }

  /** One of the fifty requests. It makes the same change in both ways, at the same times. */
  @Post('add')
  @HttpCode(HttpStatus.NO_CONTENT)
  async add(@Session() session: Session, @Body('name', ParseIntPipe) name: number): Promise<void> {
    const loaded = this.unmerged.load(session.handle);
    await wait(WORK_MS);

    // Here it says what should change, which is applied on top of what others have stored meanwhile.
    session.increment('parallel.count');
    session.push('parallel.names', name);

    // There it saves what it loaded before, with its own change added.
    this.unmerged.save(session.handle, { count: loaded.count + 1, names: [...loaded.names, name] });
  }

  /** The same for browsers without scripts: the response leads back to the page. */
  @Post('add-one')
  @Redirect('/parallel', HttpStatus.SEE_OTHER)
  async addOne(@Session() session: Session, @Body('name', ParseIntPipe) name: number): Promise<void> {
    session.increment('parallel.sent');
    await this.add(session, name);
  }
}
