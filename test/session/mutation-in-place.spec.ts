import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { PAIRS } from '../support/test-app.js';

interface User {
  name: string;
  teams: string[];
}

const USER: User = { name: 'Ada', teams: ['testers'] };
const newUser = () => structuredClone(USER);

describe.each(PAIRS)('an object got from a session, on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    let app: HandlerApp;
    beforeAll(async () => {
      app = await HandlerApp.start(platform, { options: { driver } });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    it('is stored as mutated, however it was obtained', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('user', newUser()));
      await visitor.in((session) => session.get<User>('user', newUser()).teams.push('get'));
      await visitor.in((session) => session.get<string[]>('user.teams', []).push('path'));
      await visitor.in((session) => (session.all()['user'] as User).teams.push('all'));
      await visitor.in((session) => (session.get()['user'] as User).teams.push('everything'));
      await visitor.in((session) => (session.only(['user'])['user'] as User).teams.push('only'));
      await visitor.in((session) => (session.except(['other'])['user'] as User).teams.push('except'));
      await visitor.in((session) => (session.only(['user.teams'])['user'] as User).teams.push('only a path'));
      expect(await visitor.in((session) => session.get('user'))).toEqual({
        name: 'Ada',
        teams: ['testers', 'get', 'path', 'all', 'everything', 'only', 'except', 'only a path'],
      });
    });

    it('is a copy if a part of it was left out, but the objects in it are not', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('user', newUser()));
      await visitor.in((session) => {
        for (const left of [session.except('user.name'), session.only('user.teams')]) {
          const user = left['user'] as User;
          user.teams.push('stored');
          user.name = 'Grace';
        }
      });
      expect(await visitor.in((session) => session.get('user'))).toEqual({
        name: 'Ada',
        teams: ['testers', 'stored', 'stored'],
      });
    });

    it('is stored as it is when the response is sent, even if it was put before', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => {
        const user = newUser();
        session.put('user', user);
        user.name = 'Grace';
        session.get<User>('user', user).teams.push('admirals');
      });
      expect(await visitor.in((session) => session.get('user'))).toEqual({
        name: 'Grace',
        teams: ['testers', 'admirals'],
      });
    });

    it('is stored again if it is mutated after a commit', async () => {
      const visitor = app.visitor();
      await visitor.in(async (session) => {
        const user = newUser();
        await session.put('user', user).commit();
        expect(session.isModified).toBe(false);
        user.teams.push('late');
        expect(session.isModified).toBe(true);
      });
      expect(await visitor.in((session) => session.get('user.teams'))).toEqual(['testers', 'late']);
    });

    it('costs no write and no cookie if it is only read', async () => {
      const visitor = app.visitor();
      const id = await visitor.in((session) => session.put('user', newUser()).id);
      const version = (await app.manager.read(id))?.version;
      const { cookies, value } = await visitor.handle((session) => [
        session.get('user'),
        session.all(),
        session.has('user.name'),
        session.isModified,
      ]);
      expect(value.at(-1)).toBe(false);
      expect(cookies).toEqual([]);
      expect((await app.manager.read(id))?.version).toBe(version);
    });
  });

  it('counts as a put of its top-level key if another request wrote meanwhile', async () => {
    await using app = await HandlerApp.start(platform);
    const visitor = app.visitor();
    const { asHeaders: headers } = await visitor.handle((session) => session.put('user', newUser()));
    await visitor.in(async (session) => {
      session.get<User>('user', newUser()).teams.push('slow');
      await app.visitor().in((other) => other.put('cart', ['tea']).put('user.name', 'Grace'), { headers });
    });
    // The whole of `user` is from the slow request; other keys stay as the quick one left them.
    expect(await visitor.in((session) => session.all())).toEqual({
      user: { name: 'Ada', teams: ['testers', 'slow'] },
      cart: ['tea'],
    });
  });
});
