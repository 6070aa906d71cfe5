import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Session, SessionValueError } from 'nestjs-session-kit';
import { fakeSession, stopClock, withSession } from 'nestjs-session-kit/testing';

interface ShopSession {
  cart: string[];
  userId: string;
}

/** What an application has. */
class CartController {
  show(session: Session) {
    return { cart: session.get('cart', []), status: session.flashMessages.get('status') };
  }

  add(session: Session<ShopSession>, item: string): number {
    session.push('cart', item).flash('status', `${item} added.`);
    return session.get('cart', []).length;
  }
}

const cartService = {
  async add(item: string): Promise<number> {
    await Promise.resolve();
    Session.push('cart', item).flash('status', 'Added.');
    return Session.get<string[]>('cart', []).length;
  },
};

describe('fakeSession', () => {
  const controller = new CartController();

  it('is a session that holds the values, and what the request before has flashed', () => {
    const session = fakeSession({ cart: ['tea'] }, { flash: { status: 'Saved.' } });
    expect(controller.show(session)).toEqual({ cart: ['tea'], status: 'Saved.' });
    expect(session.stored).toBe(true);
  });

  it('is as after a form that was sent back', () => {
    const form = {
      errors: { email: 'Taken.', 'lines[0][sku]': ['Gone.'] },
      old: { email: 'ada@example.org' },
    };
    const session = fakeSession({}, form);
    expect(session.flashMessages.errors()).toEqual({ email: ['Taken.'], 'lines.0.sku': ['Gone.'] });
    expect([session.old('email'), session.flashMessages.hasErrors]).toEqual(['ada@example.org', true]);
  });

  it('is a new session where it is to hold nothing', () => {
    const session = fakeSession();
    expect(controller.show(session)).toEqual({ cart: [], status: undefined });
    expect([session.stored, session.fresh, session.isEmpty]).toEqual([false, true, true]);
  });

  it('is taken for a session with keys of its own', () => {
    expect(controller.add(fakeSession({ cart: ['tea'] }), 'milk')).toBe(2);
    const own = fakeSession<ShopSession>({ userId: '1' });
    const cart: string[] | undefined = own.get('cart');
    expect([cart, own.get('userId')]).toEqual([undefined, '1']);
  });

  it('tells what became of its values and what the next request will find, committed or not', async () => {
    const session = fakeSession<ShopSession>({ cart: ['tea'] }, { flash: { status: 'Saved.' } });
    controller.add(session, 'milk');
    const expected = { values: { cart: ['tea', 'milk'] }, flashed: { status: 'milk added.' } };
    expect(session.did).toMatchObject(expected);
    await session.commit();
    expect(session.did).toMatchObject(expected);
    expect(session.did).toMatchObject({
      regenerated: false,
      destroyed: false,
      signedIn: null,
      signedOut: false,
    });
  });

  it('keeps what a mutation in place has made of a value', () => {
    const session = fakeSession<ShopSession>({ cart: ['tea'] });
    session.get('cart')?.push('milk');
    expect(session.did.values).toEqual({ cart: ['tea', 'milk'] });
  });

  it('has a user signed in under userKey, since now', () => {
    using clock = stopClock();
    const session = fakeSession({ userId: 7 });
    expect([session.userId, session.signedInAt]).toEqual(['7', clock.now()]);
    const other = fakeSession({ account: { id: 'ada' } }, { userKey: 'account.id' });
    expect([other.userId, other.signedInAt]).toEqual(['ada', clock.now()]);
    expect(fakeSession({ cart: [] }).signedInAt).toBeNull();
  });

  it('tells who signed in, and that the id is a new one', () => {
    const session = fakeSession({ cart: ['tea'] });
    const { id } = session;
    session.signIn(7);
    expect(session.did).toMatchObject({
      signedIn: '7',
      regenerated: true,
      signedOut: false,
      values: { cart: ['tea'], userId: 7 },
    });
    expect(session.id).not.toBe(id);
  });

  it.each([
    ['signOut', (session: Session) => session.signOut()],
    ['invalidate', (session: Session) => session.invalidate()],
    ['destroy', (session: Session) => session.destroy()],
    ['forget', (session: Session) => session.forget()],
  ])('tells by %s that somebody signed out', async (name, end) => {
    const session = fakeSession({ userId: '1' });
    await end(session);
    const destroyed = name === 'destroy' || name === 'forget';
    expect(session.did).toMatchObject({ signedOut: true, destroyed, regenerated: !destroyed, values: {} });
    const stranger = fakeSession({ cart: [] });
    await end(stranger);
    expect(stranger.did.signedOut).toBe(false);
  });

  it('has a body to flash, without passwords', () => {
    const session = fakeSession({}, { body: { email: 'ada@example.org', password: 'hidden' } });
    session.flashAll();
    expect(session.did.flashed).toEqual({ email: 'ada@example.org' });
  });

  it.each([['x'], [[1]], [null], [{}, null], [{}, true]])(
    'refuses %j for its values and options',
    (...given) => {
      expect(() => Reflect.apply(fakeSession, undefined, given)).toThrow(
        /fakeSession got .* it takes an object of values/,
      );
    },
  );

  it('refuses at once what no session can store', () => {
    expect(() => fakeSession({ seen: new Map() })).toThrow(SessionValueError);
  });

  it('shares nothing with the values that it was made of, nor with another', () => {
    const values = { cart: ['tea'] };
    fakeSession<ShopSession>(values).get('cart')?.push('milk');
    expect(values).toEqual({ cart: ['tea'] });
    expect(fakeSession<ShopSession>(values).get('cart')).toEqual(['tea']);
  });

  it('is shown with what became of it, by console.log and where a test fails', () => {
    const session = fakeSession({ cart: ['tea'] }).flash('status', 'Saved.');
    expect(inspect(session)).toMatch(
      /^FakeSession {\n {2}values: { cart: \[ 'tea' \] },\n {2}flashed: { status: 'Saved.' },/,
    );
    expect(() => assert.deepEqual(session, {})).toThrow(/'tea'/);
    expect(Object.keys(session)).toEqual(['did']);
  });

  it('is equal to another only where the same became of both', () => {
    expect(fakeSession({ cart: ['tea'] })).toEqual(fakeSession({ cart: ['tea'] }));
    expect(fakeSession({ cart: ['tea'] })).not.toEqual(fakeSession({ cart: ['milk'] }));
  });

  it('can be stored, read anew, destroyed and begun again, as any session', async () => {
    const session = fakeSession<ShopSession>({ cart: ['tea'] });
    await session.push('cart', 'milk').commit();
    session.put('cart', []);
    await session.reload();
    expect(session.get('cart')).toEqual(['tea', 'milk']);
    await session.destroy();
    await session.put('userId', '2').commit();
    expect(session.did).toMatchObject({ destroyed: true, values: { userId: '2' } });
  });
});

describe('withSession', () => {
  it('gives the facade a session, and back what the function returned and the session', async () => {
    const { result, session } = await withSession({ cart: ['tea'] }, () => cartService.add('milk'));
    expect(result).toBe(2);
    expect(session.did).toMatchObject({ values: { cart: ['tea', 'milk'] }, flashed: { status: 'Added.' } });
  });

  it('takes a session that was made before, and gives it to the function', async () => {
    const made = fakeSession({}, { flash: { status: 'Saved.' } });
    const { result, session } = await withSession(made, (given) => {
      expect(Session.current()).toBe(given);
      return Session.flashMessages.get('status');
    });
    expect([result, session]).toEqual(['Saved.', made]);
    expect((await withSession(made, () => Session.initiated)).result).toBe(true);
  });

  it('rejects with what the function throws, and with what cannot be stored', async () => {
    await expect(withSession({}, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    await expect(withSession({}, () => Session.put('when', new Map()))).rejects.toThrow(SessionValueError);
  });

  it('leaves no session behind: neither for the test, nor for what the function left running', async () => {
    let later: Promise<unknown> = Promise.resolve();
    await withSession({ cart: [] }, () => {
      later = new Promise((resolve) => setImmediate(resolve)).then(() => Session.get('cart'));
    });
    expect(() => Session.current()).toThrow('There is no current session');
    await expect(later).rejects.toThrow('withSession');
  });

  it('refuses what are no values, and no function', async () => {
    const run = (...given: unknown[]): Promise<unknown> => Reflect.apply(withSession, undefined, given);
    await expect(run(() => 1)).rejects.toThrow(
      'withSession got a function and undefined; it takes an object of values',
    );
    await expect(run({})).rejects.toThrow(/withSession got an object and undefined/);
    await expect(run(undefined, () => 1)).rejects.toThrow(/withSession got undefined and a function/);
  });

  it('is named where a test needs a session and has none', () => {
    expect(() => Session.get('cart')).toThrow(/In a unit test, withSession\(.*nestjs-session-kit\/testing/);
  });

  it('keeps two that run side by side apart', async () => {
    const run = (item: string) =>
      withSession({ cart: [] }, async () => {
        await cartService.add(item);
        await Promise.resolve();
        return Session.get('cart');
      });
    const [one, other] = await Promise.all([run('tea'), run('milk')]);
    expect([one.result, other.result]).toEqual([['tea'], ['milk']]);
  });
});
