import type { Type } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { SessionManager } from 'nestjs-session-kit';
import { describe, expect, it } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { loadedSnippet } from '../support/loaded-snippet.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { PLATFORMS } from '../support/test-app.js';

const { HealthController, SessionHealth } = await loadedSnippet<{
  HealthController: Type;
  SessionHealth: Type;
}>('session-health.ts');

describe.each(PLATFORMS)('the health page of the documentation (@nestjs/terminus) on %s', (platform) => {
  it('answers 200 while the store answers and 503 while it does not, with the driver and without secrets', async () => {
    const driver = new ScriptedDriver();
    await using app = await HandlerApp.start(platform, {
      options: { driver: 'scripted' },
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
      providers: [SessionHealth],
      configure: (nest) => void nest.get(SessionManager).extend('scripted', () => driver),
    });
    const { agent } = app.visitor();
    const up = { status: 'up', driver: 'scripted', ms: expect.any(Number) };
    expect((await agent.get('/health').expect(200)).body).toMatchObject({
      status: 'ok',
      details: { sessions: up },
    });
    driver.mood = 'failing';
    const { text, body } = await agent.get('/health').expect(503);
    expect(body).toMatchObject({ status: 'error', error: { sessions: { ...up, status: 'down' } } });
    expect(text).not.toContain('password');
    driver.mood = 'well';
    await agent.get('/health').expect(200);
  });
});
