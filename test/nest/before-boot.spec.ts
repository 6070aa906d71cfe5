import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { SessionManager, SessionModule } from 'nestjs-session-kit';
import { SECRET } from '../support/test-app.js';

type Call = (manager: SessionManager) => unknown;

const CALLS: readonly [name: string, call: Call][] = [
  ['driver', async (manager) => manager.driver()],
  ['read', (manager) => manager.read('id')],
  ['destroy', (manager) => manager.destroy('id')],
  ['list', (manager) => manager.list('ada')],
  ['end', (manager) => manager.end('ada', 'handle')],
  ['endAll', (manager) => manager.endAll('ada')],
  ['run', (manager) => manager.run('id', () => 1)],
];

describe.each(['memory', 'stealth'])('before an application with the driver %s has booted', (driver) => {
  it.each(CALLS)('SessionManager.%s rejects and says that it was called too early', async (_name, call) => {
    const imports = [SessionModule.forRoot({ secret: SECRET, driver })];
    const module = await Test.createTestingModule({ imports }).compile();
    await expect(call(module.get(SessionManager))).rejects.toThrow('before the application had booted');
    await module.close();
  });
});
