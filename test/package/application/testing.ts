/** The tests of an application under node:test. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Flash, Session, SessionModule, SignedInGuard } from 'nestjs-session-kit';
import { fakeSession, sessionsOf, stopClock, withSession } from 'nestjs-session-kit/testing';

@Controller('account')
@UseGuards(SignedInGuard)
class AccountController {
  @Get()
  show(@Session('userId') userId: string, @Flash('status') status?: string) {
    return { userId, status };
  }
}

@Module({ imports: [SessionModule.forTest()], controllers: [AccountController] })
class AppModule {}

void it('tests code that gets a session as an argument or by the facade', async () => {
  const session = fakeSession({ visits: 1 });
  session.increment('visits');
  assert.deepEqual(session.did.values, { visits: 2 });
  const { result } = await withSession({ visits: 4 }, () => Session.increment('visits'));
  assert.equal(result, 5);
});

void it('tests an application with a signed-in visitor and a moving clock', async () => {
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const clock = stopClock();
  const cookie = await sessionsOf(app).cookie({ userId: '1' }, { flash: { status: 'Hi.' } });
  const visit = async () => fetch(`${await app.getUrl()}/account`, { headers: { cookie } });
  const response = await visit();
  assert.deepEqual(await response.json(), { userId: '1', status: 'Hi.' });
  clock.advance('3h');
  assert.equal((await visit()).status, 401);
  clock.restore();
  await app.close();
});
