import { describe, expect, it } from 'vitest';
import {
  type RequestSession,
  type SessionManager,
  type SessionModuleOptions,
  onSessionEvent,
} from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';

const STORES: readonly [name: string, options: Partial<SessionModuleOptions>][] = [
  ['memory', { driver: 'memory' }],
  ['stealth', { driver: 'stealth' }],
  ['stealth with a ledger', { driver: 'stealth', stealth: { ledger: 'memory' } }],
];

interface Scene {
  readonly session: RequestSession;
  readonly manager: SessionManager;
  /** Performs another request with the same cookie meanwhile. */
  readonly meanwhile: (handler: (session: RequestSession) => unknown) => Promise<unknown>;
}

const byManager: readonly [string, (scene: Scene) => unknown][] = [
  ['its id', ({ session, manager }) => manager.destroy(session.id)],
  [
    'an id that it has left',
    async ({ session, manager }) => {
      const before = session.id;
      await session.regenerate().commit();
      await manager.destroy(before);
    },
  ],
  [
    'its id after another request moved it',
    async ({ session, manager, meanwhile }) => {
      await meanwhile((other) => other.regenerate());
      await manager.destroy(session.id);
    },
  ],
  ['its id, in a job', ({ session, manager }) => manager.run({}, () => manager.destroy(session.id))],
];

const bySession: readonly [string, (scene: Scene) => unknown][] = [
  ['destroy', ({ session }) => session.destroy()],
  [
    'destroy after another request moved it',
    async ({ session, meanwhile }) => {
      await meanwhile((other) => other.regenerate());
      await session.destroy();
    },
  ],
  [
    'destroy in a request that comes with a former id',
    async ({ meanwhile }) => {
      await meanwhile((other) => other.regenerate());
      await meanwhile((other) => other.destroy());
    },
  ],
  [
    'destroy after its commit came too late',
    async ({ session, meanwhile }) => {
      await meanwhile((other) => other.regenerate());
      await session.put('late', true).commit();
      await session.destroy();
    },
  ],
  [
    'destroy of what another request has signed in meanwhile',
    async ({ session, meanwhile }) => {
      await meanwhile((other) => other.signIn('ann'));
      await session.destroy();
    },
  ],
];

const CASES = STORES.flatMap(([store, options]) =>
  [...(store === 'stealth' ? [] : byManager), ...bySession].flatMap(([how, end]) =>
    ['begun', 'moved before', 'signed in'].map((before) => ({ store, options, how, end, before })),
  ),
);

/** Hears the handle of each session that ends while a function runs. */
async function endedIn(fn: () => Promise<unknown>): Promise<string[]> {
  const handles: string[] = [];
  const stop = onSessionEvent('ended', ({ handle }) => void handles.push(handle));
  try {
    await fn();
  } finally {
    stop();
  }
  return handles;
}

describe.each(CASES)('with $store, a session that was $before and is ended by $how', (row) => {
  it('is heard to end once, by its handle', async () => {
    const { options, end, before } = row;
    await using app = await HandlerApp.start('express', { options });
    const visitor = app.visitor();
    let { value: handle, asHeaders } = await visitor.handle((session) => session.put('cart', 1).handle);
    if (before !== 'begun')
      ({ value: handle, asHeaders } = await visitor.handle(async (session) => {
        await (before === 'signed in' ? session.signIn('ann') : session.regenerate()).commit();
        return session.handle;
      }));
    const heard = await endedIn(() =>
      visitor.handle((session) =>
        end({
          session,
          manager: app.manager,
          meanwhile: (handler) => app.visitor().in(handler, { headers: asHeaders }),
        }),
      ),
    );
    expect(heard).toEqual([handle]);
  });
});
