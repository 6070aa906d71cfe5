import { randomBytes } from 'node:crypto';
import type { Session, SessionModuleOptions } from 'nestjs-session-kit';
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

  describe.each<[string, Partial<SessionModuleOptions>]>([
    ['alone', {}],
    ['with a ledger', { stealth: { ledger: 'memory' } }],
  ])('on stealth %s', (_how, options) => {
    let sealing: HandlerApp;
    beforeAll(async () => {
      sealing = await HandlerApp.start(platform, { options: { driver: 'stealth', ...options } });
    });
    afterAll(async () => {
      await sealing[Symbol.asyncDispose]();
    });

    /** A visitor and the token of the session. The value is random, so longer text means more cookies. */
    async function sealed(userId: string | null, bytes = 6) {
      const visitor = sealing.visitor();
      const value = randomBytes(bytes).toString('base64url');
      const token = await visitor.in(async (session) => {
        session.put({ value, ...(userId === null ? {} : { userId }) });
        await session.commit();
        return session.signedId;
      });
      return { visitor, value, token };
    }

    const switched = async (session: Session, token: string): Promise<boolean> =>
      session.setSignedId(token) !== false && (await session.start()).stored;

    it.each([
      ['nobody', 'in one cookie', null, 6],
      ['nobody', 'in several cookies', null, 4000],
      ['a user', 'in one cookie', 'ada', 6],
    ])('continues the session that %s is signed in to, %s', async (_who, _size, userId, bytes) => {
      const { token, value } = await sealed(userId, bytes);
      const visitor = sealing.visitor();
      await visitor.in((session) => session.put('mine', 1));
      const seen = await visitor.in(async (session) => [
        await switched(session, token),
        session.get('value'),
      ]);
      expect(seen).toEqual([true, value]);
      expect(await visitor.in((session) => session.all())).toEqual({
        value,
        ...(userId === null ? {} : { userId }),
      });
    });

    it('finds nothing once the session has ended, and sends no cookie', async () => {
      const { visitor, token } = await sealed(null);
      await visitor.in((session) => session.destroy());
      const { value, cookies } = await sealing.visitor().handle((session) => switched(session, token));
      expect([value, cookies]).toEqual([false, []]);
    });

    it('refuses a token that was tampered with, or that another application sealed', async () => {
      await using other = await HandlerApp.start(platform, {
        options: { driver: 'stealth', secret: 'quite another secret of enough letters' },
      });
      const foreign = await other.visitor().in(async (session) => {
        await session.put('value', 1).commit();
        return session.signedId;
      });
      const { visitor, token, value } = await sealed(null);
      const tampered = token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      const seen = await visitor.in((session) => [
        session.setSignedId(tampered),
        session.setSignedId(foreign),
        session.get('value'),
      ]);
      expect(seen).toEqual([false, false, value]);
    });

    it('is refused by an application that keeps records', async () => {
      const { token } = await sealed(null);
      expect(await app.visitor().in((session) => session.setSignedId(token))).toBe(false);
    });
  });

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
