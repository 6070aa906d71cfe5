import { NestFactory } from '@nestjs/core';
import { SessionManager, SessionModule } from 'nestjs-session-kit';
import { expect, it } from 'vitest';
import { describeWith, startRedis } from '../servers/index.js';
import { SECRET } from '../support/test-app.js';

describeWith(
  ['redis'],
  'SessionManager.check on Redis',
  () => {
    it('reports up, down while Redis is silent or gone, and up again as soon as it is back', async () => {
      const server = await startRedis();
      const redis = { url: server.url };
      const sessions = SessionModule.forRoot({ secret: SECRET, driver: 'redis', redis, storeTimeout: 300 });
      const application = await NestFactory.createApplicationContext(sessions, { logger: false });
      const isUp = async (): Promise<boolean> => (await application.get(SessionManager).check()).up;
      try {
        await expect.poll(isUp).toBe(true);
        server.pause();
        expect([await isUp(), await isUp(), await isUp()]).toEqual([false, false, false]);
        server.resume();
        await expect.poll(isUp).toBe(true);
        await server.kill();
        expect(await isUp()).toBe(false);
        await server.restart();
        await expect.poll(isUp).toBe(true);
      } finally {
        await application.close();
        await server.stop();
      }
    });
  },
  { controlsServer: true },
);
