import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RequestSession } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

/** A session as JavaScript sees it, and libraries that know none of its types. */
type Loose = Record<string, unknown>;

function loose(session: unknown): Loose {
  if (!(session instanceof RequestSession)) throw new TypeError('not a session');
  // Any object is one for whoever asks it for properties.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return session as unknown as Loose;
}

describe.each(PLATFORMS)('a value named as a property of a session, on %s', (platform) => {
  it('is stored, read, counted up and removed, as with express-session', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    const stored = await visitor.handle((session) => {
      loose(session)['views'] = 1;
      loose(session)['user'] = { name: 'Ada' };
    });
    expect(stored.cookies).toHaveLength(1);
    await visitor.in((session) => {
      const { views } = loose(session);
      loose(session)['views'] = Number(views) + 1;
      loose(session)['user'] = undefined;
    });
    expect(await visitor.in((session) => session.all())).toEqual({ views: 2 });
  });

  it('may be an object that is changed in place, as a library keeps its state', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    await visitor.in((session) => {
      const key = 'oauth2:example.test';
      loose(session)[key] ??= {};
      Object.assign(Object(loose(session)[key]), { state: 'abc' });
    });
    expect(await visitor.in((session) => loose(session)['oauth2:example.test'])).toEqual({ state: 'abc' });
    await visitor.in((session) => {
      Reflect.deleteProperty(Object(loose(session)['oauth2:example.test']), 'state');
    });
    expect(await visitor.in((session) => loose(session)['oauth2:example.test'])).toEqual({});
  });

  it('stores nothing and sends no cookie where it is only asked for', async () => {
    await using app = await HandlerApp.start(platform);
    const { value, cookies } = await app.visitor().handle((session) => loose(session)['returnTo']);
    expect([value, cookies]).toEqual([undefined, []]);
  });

  it('is refused where the session is read-only, and where the key is', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    const refusals = await visitor.in(async (session) => {
      const tries: string[] = [];
      const attempt = (name: string): void => {
        try {
          loose(session)[name] = 1;
        } catch (error) {
          tries.push(String(error));
        }
      };
      attempt('user.__proto__');
      session.setId(id);
      attempt('early');
      await session.initiate(true);
      attempt('late');
      return tries;
    });
    expect(refusals).toEqual([
      expect.stringContaining('SessionValueError'),
      expect.stringContaining('is not loaded yet'),
      expect.stringContaining('SessionReadonlyError'),
    ]);
  });

  it('never stands for what the session itself has, nor for what is tried on any object', async () => {
    await using app = await HandlerApp.start(platform);
    const looked = await app.visitor().in(async (session) => {
      session.put('get', 'taken').put('then', 'taken');
      const same = await Promise.resolve(session);
      session.setId('some other session');
      return {
        awaited: same === session,
        isObject: session instanceof Object && session instanceof RequestSession,
        method: typeof session.get,
        early: loose(session)['anything'],
        shown: inspect(session).includes('taken'),
        name: session.constructor.name,
      };
    });
    expect(looked).toEqual({
      awaited: true,
      isObject: true,
      method: 'function',
      early: undefined,
      shown: false,
      name: 'RequestSession',
    });
  });
});
