import { Controller, Get, Param, ParseIntPipe, Session } from '@nestjs/common';
import { expressApp } from '../variants/nest-app.js';
import { useExpressSession } from '../variants/express-session.js';
import type { StartVariant } from '../variants/variant.js';

interface Counted {
  [key: string]: unknown;
  counter: number;
  list: number[];
}

@Controller()
class CountingController {
  @Get('seed')
  seed(@Session() session: Counted): object {
    session.counter = 0;
    session.list = [];
    return {};
  }

  @Get('update/:number')
  update(@Session() session: Counted, @Param('number', ParseIntPipe) number: number): object {
    session.counter += 1;
    session.list.push(number);
    session[`key-${number}`] = number;
    return {};
  }

  @Get('all')
  all(@Session() session: Counted): Record<string, unknown> {
    return { ...session };
  }
}

/** express-session on Redis. */
export const countWithExpressSession: StartVariant = async (place) => {
  const app = await expressApp(CountingController);
  await useExpressSession(app, 'connect-redis', place);
  return app;
};
