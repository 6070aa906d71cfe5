import { Test } from '@nestjs/testing';
import { NoSessionError, Session, SessionManager } from 'nestjs-session-kit';
import { fakeSession, overrideSession, sessionsOf, stopClock, withSession } from 'nestjs-session-kit/testing';
import request from 'supertest';
import { AppController, AppModule, Visits } from './app.module';

describe('An application under Jest', () => {
  it('has sessions, flash messages and the facade', async () => {
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = testing.createNestApplication();
    await app.init();
    const visitor = request.agent(app.getHttpServer());
    await visitor.post('/').send({ status: 'Welcome.' }).expect(201, { visits: 1 });
    await visitor.get('/').expect(200, { visits: 1, status: 'Welcome.' });
    await visitor.get('/').expect(200, { visits: 1, status: 'nothing new' });
    expect(await app.get(SessionManager).read('nobody')).toBeNull();
    expect(() => Session.current()).toThrow(NoSessionError);
    await app.close();
  });

  it('can start visitors with a session, and inspect what they leave', async () => {
    const builder = overrideSession(Test.createTestingModule({ imports: [AppModule] }));
    const app = (await builder.compile()).createNestApplication();
    await app.init();
    const clock = stopClock();
    const sessions = sessionsOf(app);
    const ada = await sessions.sign(request.agent(app.getHttpServer()), { visits: 4 });
    const after = await sessions.of(await ada.post('/').send({ status: 'Welcome.' }).expect(201));
    expect(after).toMatchObject({ values: { visits: 5 }, flash: { status: 'Welcome.' }, cookie: null });
    clock.advance('3h');
    await ada.get('/').expect(200, { visits: 0, status: 'nothing new' });
    clock.restore();
    await app.close();
  });

  it('can test controllers and services in isolation', async () => {
    const session = fakeSession({ visits: 1 });
    expect(new AppController(new Visits()).page(session, session.flashMessages)).toEqual({
      visits: 1,
      status: 'nothing new',
    });
    expect(await withSession({ visits: 1 }, () => new Visits().count())).toMatchObject({ result: 2 });
  });
});
