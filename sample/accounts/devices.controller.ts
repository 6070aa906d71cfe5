import { Body, Controller, HttpStatus, Post, Redirect, UseFilters, UseGuards } from '@nestjs/common';
import { Session, SignedInGuard } from 'nestjs-session-kit';

import { DevicesService } from './devices.service.js';
import { SignInFirst } from './sign-in-first.filter.js';

/** The actions of the device list on the account page. The sockets of an ended session notify its tabs. */
@Controller('account/devices')
@UseGuards(SignedInGuard)
@UseFilters(SignInFirst)
export class DevicesController {
  constructor(private readonly devices: DevicesService) {}

  /** Ends one of the visitor's own sessions; a handle of another user is not found. */
  @Post('end')
  @Redirect('/account', HttpStatus.SEE_OTHER)
  async end(@Session() session: Session, @Session('userId') userId: string, @Body('handle') handle: unknown) {
    const hasEnded = typeof handle === 'string' && (await this.devices.end(userId, handle));
    session.flash('status', hasEnded ? 'That device is signed out.' : 'That device was signed out already.');
  }

  @Post('end-others')
  @Redirect('/account', HttpStatus.SEE_OTHER)
  async endOthers(@Session() session: Session, @Session('userId') userId: string) {
    const count = await this.devices.endOthers(userId, session);
    session.flash('status', `${count} other ${count === 1 ? 'device is' : 'devices are'} signed out.`);
  }
}
