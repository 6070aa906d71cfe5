import { Controller, Get, Param, ParseIntPipe } from '@nestjs/common';
import { Session, SessionModule } from 'nestjs-session-kit';
import { expressApp } from '../variants/nest-app.js';
import { cookieName, secret } from '../variants/secrets.js';
import type { StartVariant } from '../variants/variant.js';

@Controller()
class CountingController {
  @Get('seed')
  seed(@Session() session: Session): object {
    session.put({ counter: 0, list: [] });
    return {};
  }

  @Get('update/:number')
  update(@Session() session: Session, @Param('number', ParseIntPipe) number: number): object {
    session.increment('counter');
    session.push('list', number);
    session.put(`key-${number}`, number);
    return {};
  }

  @Get('all')
  all(@Session() session: Session): Record<string, unknown> {
    return session.all();
  }
}

/** This package on Redis. */
export const countWithOurs: StartVariant = ({ redisUrl }) =>
  expressApp(CountingController, [
    SessionModule.forRoot({
      secret,
      driver: 'redis',
      redis: { url: redisUrl },
      cookie: { name: cookieName, secure: false },
    }),
  ]);
