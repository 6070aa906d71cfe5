/** The application that the tests of the package install it into: once as ES modules, once as CommonJS. */
import 'reflect-metadata';
import { Body, Controller, Get, Injectable, Module, ParseIntPipe, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Flash, type FlashMessages, Session, SessionManager, SessionModule } from 'nestjs-session-kit';

declare module 'nestjs-session-kit' {
  interface SessionData {
    userId: string;
    visits: number;
  }
}

@Injectable()
class Visits {
  count(): number {
    return Session.increment('visits');
  }
}

@Controller()
class PagesController {
  constructor(
    private readonly visits: Visits,
    private readonly manager: SessionManager,
  ) {}

  @Get()
  page(@Session() session: Session, @Flash() messages: FlashMessages) {
    const visits: number | undefined = session.get('visits');
    return { visits: visits ?? 0, status: messages.get('status', 'nothing new') };
  }

  @Post()
  visit(@Body() body: { status: string }, @Session() session: Session) {
    session.flash('status', body.status);
    return { visits: this.visits.count() };
  }

  @Get('pipe')
  piped(@Session('visits', ParseIntPipe) visits: number) {
    return { visits };
  }

  @Get('stored')
  async stored(@Session() session: Session) {
    return { stored: (await this.manager.read(session.id)) !== null };
  }
}

@Module({
  imports: [
    SessionModule.forRoot({
      secret: 'a secret for tests that is long enough',
      driver: 'memory',
      age: '1h',
      cookie: { name: 'shop', sameSite: 'strict' },
    }),
  ],
  controllers: [PagesController],
  providers: [Visits],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  console.log(await app.getUrl());
}

void bootstrap();
