import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { Session, SessionUnavailableException } from 'nestjs-session-kit';
import { CountingDriver } from '../support/counting-driver.js';
import { PLATFORMS, TestApp, setCookies } from '../support/test-app.js';

/** Answers every error in the words of the application. */
@Catch()
class OwnPage implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const status = error instanceof HttpException ? error.getStatus() : 500;
    const page = { page: 'of our own', isUnavailable: error instanceof SessionUnavailableException };
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), page, status);
  }
}

@Controller()
class CartController {
  @Get('add')
  async add(@Session() session: Session) {
    await session.push('cart', 'mug').commit();
    return {};
  }
}

describe.each(PLATFORMS)('a handler on %s that commits by itself', (platform) => {
  it('has a failed commit answered by the filter of the application, and not retried', async () => {
    const driver = new CountingDriver();
    await using app = await TestApp.start(platform, {
      controllers: [CartController],
      providers: [{ provide: APP_FILTER, useClass: OwnPage }],
      options: { driver: 'counting', drivers: { counting: { useFactory: () => driver } } },
    });
    const write = vi.spyOn(driver, 'write').mockRejectedValue(new Error('The store is away.'));
    const response = await app.request.get('/add');
    expect([response.status, response.body]).toEqual([503, { page: 'of our own', isUnavailable: true }]);
    expect(setCookies(response)).toEqual([]);
    expect(write).toHaveBeenCalledTimes(1);
  });
});
