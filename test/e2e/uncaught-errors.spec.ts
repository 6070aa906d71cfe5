import { Controller, Get } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { type RecordDriver, Session, SessionManager } from 'nestjs-session-kit';
import { PLATFORMS, TestApp } from '../support/test-app.js';

const refuse = () => Promise.reject(new Error('10.0.0.7 refused the connection'));

const brokenDriver: RecordDriver = { read: refuse, write: refuse, touch: refuse, destroy: refuse };

@Controller()
class CarelessController {
  constructor(private readonly sessions: SessionManager) {}

  @Get('wrong')
  wrong(@Session() session: Session): void {
    session.increment('visits', Number.NaN);
  }

  @Get('unstorable')
  async unstorable(@Session() session: Session): Promise<void> {
    await session.put('plan', () => 'a function').commit();
  }

  @Get('other')
  other(): Promise<unknown> {
    return this.sessions.read('the id of another session');
  }
}

const BAD = { statusCode: 500, message: 'Internal Server Error' };
const AWAY = { statusCode: 503, message: 'Service Unavailable' };

describe.each(PLATFORMS)("Nest's own filter for errors that nobody catches, on %s", (platform) => {
  it.each([
    ['a wrong call', '/wrong', BAD],
    ['a commit that fails', '/unstorable', AWAY],
    ['a store that fails', '/other', AWAY],
  ])('answers %s with its status, and tells the visitor no more', async (_, path, answer) => {
    const options = { driver: 'broken', drivers: { broken: { useFactory: () => brokenDriver } } };
    await using app = await TestApp.start(platform, { controllers: [CarelessController], options });
    const response = await app.request.get(path);
    expect(response.body).toEqual(answer);
    expect(response.status).toBe(answer.statusCode);
  });
});
