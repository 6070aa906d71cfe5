import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { Session, SessionError, SessionValueError } from 'nestjs-session-kit';
import { fakeSession, stopClock, withSession } from 'nestjs-session-kit/testing';

interface ShopSession {
  cart: string[];
  userId: string;
}

/** The code of an application. */
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

  it('holds the given values and the flash messages of the previous request', () => {
    const session = fakeSession({ cart: ['tea'] }, { flash: { status: 'Saved.' } });
    expect(controller.show(session)).toEqual({ cart: ['tea'], status: 'Saved.' });
    expect(session.stored).toBe(true);
  });

  it('can start as after a rejected form, with errors and old input', () => {
    const form = {
      errors: { email: 'Taken.', 'lines[0][sku]': ['Gone.'] },
      old: { email: 'ada@example.org' },
    };
    const session = fakeSession({}, form);
    expect(session.flashMessages.errors()).toEqual({ email: ['Taken.'], 'lines.0.sku': ['Gone.'] });
    expect([session.old('email'), session.flashMessages.hasErrors]).toEqual(['ada@example.org', true]);
  });

  it('is a new session when called without values', () => {
    const session = fakeSession();
    expect(controller.show(session)).toEqual({ cart: [], status: undefined });
    expect([session.stored, session.fresh, session.isEmpty]).toEqual([false, true, true]);
  });

  it('says at once that it is stored and not empty', () => {
    const session = fakeSession({ cart: ['tea'] });
    expect([session.isEmpty, session.stored, session.fresh]).toEqual([false, true, false]);
  });

  it('is accepted as a session with typed keys', () => {
    expect(controller.add(fakeSession({ cart: ['tea'] }), 'milk')).toBe(2);
    const own = fakeSession<ShopSession>({ userId: '1' });
    const cart: string[] | undefined = own.get('cart');
    expect([cart, own.get('userId')]).toEqual([undefined, '1']);
  });

  it('reports its values and what the next request will find, committed or not', async () => {
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

  it('reports values that were mutated in place', () => {
    const session = fakeSession<ShopSession>({ cart: ['tea'] });
    session.get('cart')?.push('milk');
    expect(session.did.values).toEqual({ cart: ['tea', 'milk'] });
  });

  it('has a user from userKey, signed in just now', () => {
    using clock = stopClock();
    const session = fakeSession({ userId: 7 });
    expect([session.userId, session.signedInAt]).toEqual(['7', clock.now()]);
    const other = fakeSession({ account: { id: 'ada' } }, { userKey: 'account.id' });
    expect([other.userId, other.signedInAt]).toEqual(['ada', clock.now()]);
    expect(fakeSession({ cart: [] }).signedInAt).toBeNull();
  });

  it('reports who signed in, and changes its id', () => {
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
  ])('reports after %s that the user signed out', async (name, end) => {
    const session = fakeSession({ userId: '1' });
    await end(session);
    const destroyed = name === 'destroy' || name === 'forget';
    expect(session.did).toMatchObject({ signedOut: true, destroyed, regenerated: !destroyed, values: {} });
    const stranger = fakeSession({ cart: [] });
    await end(stranger);
    expect(stranger.did.signedOut).toBe(false);
  });

  it('has a request body to flash, without passwords', () => {
    const session = fakeSession({}, { body: { email: 'ada@example.org', password: 'hidden' } });
    session.flashAll();
    expect(session.did.flashed).toEqual({ email: 'ada@example.org' });
  });

  it.each([['x'], [[1]], [null], [{}, null], [{}, true]])(
    'rejects %j for its values and options',
    (...given) => {
      expect(() => Reflect.apply(fakeSession, undefined, given)).toThrow(
        /fakeSession got .* it takes an object of values/,
      );
    },
  );

  it.each<[object, RegExp]>([
    [{ flash: 'Saved.' }, /got a text as 'flash'; it takes an object of messages/],
    [{ flash: new Map() }, /got an object of Map as 'flash'/],
    [{ old: ['ann'] }, /got a list as 'old'; it takes an object of input by field/],
    [{ errors: 'Taken.' }, /got a text as 'errors'; it takes an object of texts/],
    [{ errors: null }, /got null as 'errors'/],
    [{ errors: { email: [1] } }, /got a list for 'email' as 'errors'/],
  ])('rejects %j for what the previous request has left', (options, says) => {
    const call = (): unknown => Reflect.apply(fakeSession, undefined, [{}, options]);
    expect(call).toThrow(SessionValueError);
    expect(call).toThrow(says);
  });

  it('rejects at once what no session can store', () => {
    expect(() => fakeSession({ seen: new Map() })).toThrow(SessionValueError);
  });

  it('shares nothing with the given values, nor with other fake sessions', () => {
    const values = { cart: ['tea'] };
    fakeSession<ShopSession>(values).get('cart')?.push('milk');
    expect(values).toEqual({ cart: ['tea'] });
    expect(fakeSession<ShopSession>(values).get('cart')).toEqual(['tea']);
  });

  it('shows its state in console.log and in failed assertions', () => {
    const session = fakeSession({ cart: ['tea'] }).flash('status', 'Saved.');
    expect(inspect(session)).toMatch(
      /^FakeSession {\n {2}values: { cart: \[ 'tea' \] },\n {2}flashed: { status: 'Saved.' },/,
    );
    expect(() => assert.deepEqual(session, {})).toThrow(/'tea'/);
    expect(Object.keys(session)).toEqual(['did']);
  });

  it('equals another only in the same state', () => {
    expect(fakeSession({ cart: ['tea'] })).toEqual(fakeSession({ cart: ['tea'] }));
    expect(fakeSession({ cart: ['tea'] })).not.toEqual(fakeSession({ cart: ['milk'] }));
  });

  it('can be spied on, which the facade calls too, but not be assigned to', async () => {
    const session = fakeSession({ cart: ['tea'] });
    const put = vi.spyOn(session, 'put');
    session.put('cart', []);
    expect(put).toHaveBeenCalledWith('cart', []);
    expect(session.did.values).toEqual({ cart: [] });
    const regenerate = vi.spyOn(session, 'regenerate').mockReturnThis();
    await withSession(session, () => Session.regenerate());
    expect(regenerate).toHaveBeenCalledOnce();
    expect(session.did.regenerated).toBe(false);
    vi.spyOn(session, 'userId', 'get').mockReturnValue('ada');
    expect(session.userId).toBe('ada');
    vi.restoreAllMocks();
    expect(session.userId).toBeNull();
    expect(session.regenerate().did.regenerated).toBe(true);
    expect(() => Object.assign(session, { put: null })).toThrow(SessionError);
  });

  it('can be stored, reloaded, destroyed and begun again, like any session', async () => {
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
  it("gives the facade a session, and returns the function's result and the session", async () => {
    const { result, session } = await withSession({ cart: ['tea'] }, () => cartService.add('milk'));
    expect(result).toBe(2);
    expect(session.did).toMatchObject({ values: { cart: ['tea', 'milk'] }, flashed: { status: 'Added.' } });
  });

  it('accepts an existing session, and passes it to the function', async () => {
    const made = fakeSession({}, { flash: { status: 'Saved.' } });
    const { result, session } = await withSession(made, (given) => {
      expect(Session.current()).toBe(given);
      return Session.flashMessages.get('status');
    });
    expect([result, session]).toEqual(['Saved.', made]);
    expect((await withSession(made, () => Session.initiated)).result).toBe(true);
  });

  it("rejects with the function's error, or with the error of what cannot be stored", async () => {
    await expect(withSession({}, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    await expect(withSession({}, () => Session.put('when', new Map()))).rejects.toThrow(SessionValueError);
  });

  it('leaves no session behind, neither for the test nor for what the function left running', async () => {
    let later: Promise<unknown> = Promise.resolve();
    await withSession({ cart: [] }, () => {
      later = new Promise((resolve) => setImmediate(resolve)).then(() => Session.get('cart'));
    });
    expect(() => Session.current()).toThrow('There is no current session');
    await expect(later).rejects.toThrow('withSession');
  });

  it('rejects invalid values, and anything but a function', async () => {
    const run = (...given: unknown[]): Promise<unknown> => Reflect.apply(withSession, undefined, given);
    await expect(run(() => 1)).rejects.toThrow(
      'withSession got a function and undefined; it takes an object of values',
    );
    await expect(run({})).rejects.toThrow(/withSession got an object and undefined/);
    await expect(run(undefined, () => 1)).rejects.toThrow(/withSession got undefined and a function/);
  });

  it('is suggested by the error when a test has no session', () => {
    expect(() => Session.get('cart')).toThrow(/In a unit test, withSession\(.*nestjs-session-kit\/testing/);
  });

  it('keeps two parallel calls apart', async () => {
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
