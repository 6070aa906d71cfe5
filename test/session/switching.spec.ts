import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

describe.each(PLATFORMS)('a request that switches to another session on %s', (platform) => {
  let app: HandlerApp;
  beforeAll(async () => {
    app = await HandlerApp.start(platform);
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it.each(['only reads it', 'writes to it'])(
    'sends the cookie of the other session when it %s',
    async (how) => {
      const other = await app.visitor().in((session) => [session.put('a', 'other').id, session.signedId]);
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 'mine'));
      const { cookies } = await visitor.handle(async (session) => {
        session.setSignedId(other[1] ?? '');
        await session.start();
        if (how === 'writes to it') session.put('b', 1);
      });
      expect(cookies).toEqual([expect.stringMatching(/^session=v1\..*; Max-Age=7(200|199)/)]);
      expect(await visitor.in((session) => [session.id, session.get('a')])).toEqual([other[0], 'other']);
    },
  );

  it('sends no cookie if the browser already has it', async () => {
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    const { cookies } = await visitor.handle((session) => session.setId(id).start());
    expect(cookies).toEqual([]);
  });

  it('leaves the cookie alone if it switches read-only, or to a missing session', async () => {
    const id = await app.visitor().in((session) => session.put('a', 1).id);
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 'mine'));
    const readonly = await visitor.handle((session) => session.setId(id).start(true));
    const absent = await visitor.handle((session) => session.setId('nobody').start());
    expect([readonly.cookies, absent.cookies]).toEqual([[], []]);
    expect(await visitor.in((session) => session.get('a'))).toBe('mine');
  });

  it('may write to the other session, even if it switched read-only before', async () => {
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    await visitor.in(async (session) => {
      await session.setId(id).start(true);
      expect(session.readonly).toBe(true);
      await session.setId(id).start();
      expect(session.put('b', 2).readonly).toBe(false);
    });
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1, b: 2 });
  });

  it('has a fresh session if no session has the id', async () => {
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    const seen = await visitor.in(async (session) => {
      await session.setId('nobody').start();
      const before = session.fresh;
      await session.setId(id).start();
      return [before, session.fresh];
    });
    expect(seen).toEqual([true, false]);
  });
});
