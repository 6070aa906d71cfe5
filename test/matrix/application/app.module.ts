import { Body, Controller, Get, Injectable, Module, Post } from '@nestjs/common';
import { Flash, type FlashMessages, Session, SessionModule } from 'nestjs-session-kit';

@Injectable()
export class Visits {
  count(): number {
    return Session.increment('visits');
  }
}

@Controller()
export class AppController {
  constructor(private readonly visits: Visits) {}

  @Get()
  page(@Session() session: Session, @Flash() messages: FlashMessages) {
    return { visits: session.get('visits', 0), status: messages.get('status', 'nothing new') };
  }

  @Post()
  visit(@Body() body: { status: string }, @Session() session: Session) {
    session.flash('status', body.status);
    return { visits: this.visits.count() };
  }
}

@Module({
  imports: [SessionModule.forRoot({ secret: 'a secret for tests that is long enough', driver: 'memory' })],
  controllers: [AppController],
  providers: [Visits],
})
export class AppModule {}
