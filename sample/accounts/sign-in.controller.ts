import { Body, Controller, Get, HttpStatus, Post, Query, Redirect, Render, UseFilters } from '@nestjs/common';
import { FormErrorsFilter, InvalidFormException, Session } from 'nestjs-session-kit';

import { formPipe } from '../forms/form.pipe.js';
import { AccountsService } from './accounts.service.js';
import { DEMO_ACCOUNTS } from './demo-accounts.js';
import { SignInForm } from './sign-in.form.js';

/** After this many failures in a row, the password is more likely forgotten than mistyped. */
const FORGOTTEN_AFTER = 3;

function failureNotice(failures: number): string {
  return failures < FORGOTTEN_AFTER
    ? 'Sign-in failed: address and password do not match.'
    : `Sign-in failed ${failures} times: address and password do not match. Those of the demo accounts stand on this page.`;
}

@Controller()
export class SignInController {
  constructor(private readonly accounts: AccountsService) {}

  /**
   * @param returnTo where a link to this page sends the visitor afterwards; ignored unless it is a path of this
   * site
   */
  @Get('sign-in')
  @Render('sign-in')
  form(@Session() session: Session, @Query('returnTo') returnTo?: string) {
    session.intended(returnTo);
    return { demoAccounts: DEMO_ACCOUNTS };
  }

  @Post('sign-in')
  @UseFilters(new FormErrorsFilter({ form: '/sign-in' }))
  @Redirect('/account', HttpStatus.SEE_OTHER)
  async signIn(@Body(formPipe) form: SignInForm, @Session() session: Session) {
    const account = await this.accounts.authenticate(form.email, form.password);
    // One message for both cases, so that it does not reveal which addresses have an account.
    if (!account) throw new InvalidFormException({ '': failureNotice(session.increment('failedSignIns')) });

    // The session gets a new id, so that anyone who knows the old one is locked out. Its data, such as the
    // cart, is kept.
    session.signIn(account.id, { remember: form.remember }).forget('failedSignIns');
    session.flash('status', `Welcome back, ${account.name}.`);
    const url = session.intended();
    return { url: url === '/' ? '/account' : url };
  }

  /** Leaves nothing behind: a new id, no data, no remembered device. */
  @Post('sign-out')
  @Redirect('/', HttpStatus.SEE_OTHER)
  signOut(@Session() session: Session): void {
    session.signOut().flash('status', 'You are signed out.');
  }
}
