import { Test } from '@nestjs/testing';
import { NoSessionError, Session, SessionManager } from 'nestjs-session-kit';
import request from 'supertest';
import { AppModule } from './app.module';

describe('An application under Jest', () => {
  it('keeps a session, its flash messages and its facade', async () => {
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
});
