import { Controller, Get } from '@nestjs/common';
import { Flash, type FlashMessages, Session, SessionManager } from 'nestjs-session-kit';

/** Handlers without explicit return types: the application's declarations have to name each type. */
@Controller('answers')
export class AnswersController {
  constructor(private readonly manager: SessionManager) {}

  @Get('all')
  all(@Session() session: Session, @Flash() messages: FlashMessages) {
    return [session.all(), session.get(), Session.all(), messages.all()];
  }

  @Get('some')
  some(@Session() session: Session) {
    return { only: session.only('visits'), except: session.except('visits') };
  }

  @Get('errors')
  errors(@Flash() messages: FlashMessages) {
    return { errors: messages.errors(), email: messages.errors('email') };
  }

  @Get('session')
  session(@Session() session: Session) {
    return session.put('visits', 1);
  }

  @Get('messages')
  messages(@Session() session: Session) {
    return session.flashMessages;
  }

  @Get('manager')
  async manage() {
    return [await this.manager.read('none'), await this.manager.list('nobody'), await this.manager.check()];
  }
}
