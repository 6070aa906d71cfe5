import { Body, Controller, Get, HttpStatus, Post, Redirect, Render, UseFilters } from '@nestjs/common';
import { FormErrorsFilter, Session } from 'nestjs-session-kit';

import { CURRENCIES } from '../catalogue/price.js';
import { formPipe } from '../forms/form.pipe.js';
import { Preferences, THEMES } from './preferences.js';

@Controller('preferences')
export class PreferencesController {
  @Get()
  @Render('preferences')
  form(@Session() session: Session) {
    return { themes: THEMES, currencies: CURRENCIES, chosen: session.get('preferences', new Preferences()) };
  }

  @Post()
  @UseFilters(new FormErrorsFilter({ form: '/preferences' }))
  @Redirect('/preferences', HttpStatus.SEE_OTHER)
  save(@Body(formPipe) preferences: Preferences, @Session() session: Session): void {
    session.put('preferences', preferences).flash('status', 'Your preferences are kept in this session.');
  }
}
