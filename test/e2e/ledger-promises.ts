import { expect, it, onTestFinished } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { type Handler, HandlerApp } from '../support/handler-app.js';
import type { Platform } from '../support/test-app.js';

/** Options under which applications share one ledger. */
export type SharedLedger = () => Partial<SessionModuleOptions>;

interface Shops {
  readonly here: HandlerApp;
  readonly there: HandlerApp;
}

export async function startShops(platform: Platform, ledger: SharedLedger): Promise<Shops> {
  const options = ledger();
  const here = await HandlerApp.start(platform, { options });
  const there = await HandlerApp.start(platform, { options });
  onTestFinished(() => here[Symbol.asyncDispose]());
  onTestFinished(() => there[Symbol.asyncDispose]());
  return { here, there };
}

/** Keeps the cookie of a visitor whose requests go to several processes. */
export class Browser {
  cookie = '';

  async in<T>(app: HandlerApp, handler: Handler<T>): Promise<T> {
    const { value, cookies, asHeaders } = await app
      .visitor()
      .handle(handler, this.cookie === '' ? {} : { headers: { cookie: this.cookie } });
    if (cookies.length > 0) this.cookie = asHeaders.cookie;
    return value;
  }
}

/** What a copied cookie gives access to. */
export const seenBy = (app: HandlerApp, headers: { cookie: string }): Promise<unknown> =>
  app.visitor().in((session) => [session.stored, session.userId, session.get('cart', null)], { headers });

const NOTHING = [false, null, null];

/** What ends a session, or leaves its id, in one of its requests. */
const WAYS: readonly [string, Handler<unknown>][] = [
  ['signOut', (session) => session.signOut()],
  ['invalidate', (session) => session.invalidate()],
  ['destroy', (session) => session.destroy()],
  ['forget', (session) => session.forget()],
  ['regenerate', (session) => session.regenerate()],
  ['signIn', (session) => session.signIn('bob')],
  ['request.session = null', (_session, { req }) => void Object.assign(req, { session: null })],
];

/** What every ledger promises, to applications that share one. */
export function ledgerPromises(platform: Platform, ledger: SharedLedger): void {
  const fill = (session: Parameters<Handler<unknown>>[0]): unknown => session.put('cart', ['mug']);
  const signIn: Handler<unknown> = (session) => session.put('cart', ['mug']).signIn('ann');

  it.each(WAYS)(
    'a copied cookie is dead after %s in every process, whether a user was signed in or not',
    async (_way, end) => {
      const { here, there } = await startShops(platform, ledger);
      for (const begin of [signIn, fill]) {
        const visitor = here.visitor();
        const { asHeaders: copy } = await visitor.handle(begin);
        expect(await seenBy(there, copy)).toEqual([true, begin === signIn ? 'ann' : null, ['mug']]);
        await visitor.in(end);
        expect(await seenBy(there, copy)).toEqual(NOTHING);
        expect(await seenBy(here, copy)).toEqual(NOTHING);
      }
    },
  );

  it('the session of a visitor survives sign-in, writes and sign-out in alternating processes', async () => {
    const { here, there } = await startShops(platform, ledger);
    const browser = new Browser();
    await browser.in(here, fill);
    await browser.in(there, (session) => session.signIn('ann'));
    await browser.in(here, (session) => session.push('cart', 'tea'));
    const view: Handler<unknown> = (session) => [session.userId, session.get('cart')];
    expect(await browser.in(there, view)).toEqual(['ann', ['mug', 'tea']]);
    await browser.in(there, (session) => session.signOut());
    expect(await browser.in(here, (session) => [session.userId, session.all()])).toEqual([null, {}]);
    await browser.in(here, fill);
    expect(await browser.in(there, view)).toEqual([null, ['mug']]);
  });

  it('a session is listed from signing in to signing out, and ended from anywhere', async () => {
    const { here, there } = await startShops(platform, ledger);
    const [phone, laptop] = [here.visitor(), there.visitor()];
    for (const visitor of [phone, laptop]) await visitor.in(signIn);
    await here.visitor().in(fill);
    const handle = await phone.in((session) => session.handle);
    await phone.in((session) => session.regenerate());
    const listed = await there.manager.list('ann');
    expect(listed.map((each) => each.handle)).toContain(handle);
    expect(listed).toHaveLength(2);
    expect(await there.manager.end('ann', handle)).toBe(true);
    expect(await phone.in((session) => session.userId)).toBeNull();
    expect(await laptop.in((session) => session.userId)).toBe('ann');
    expect(await here.manager.endAll('ann')).toBe(1);
    expect(await laptop.in((session) => session.userId)).toBeNull();
    expect(await here.manager.list('ann')).toEqual([]);
  });

  it('two concurrent requests lose no change, in whatever order their responses arrive', async () => {
    const { here, there } = await startShops(platform, ledger);
    const { asHeaders: headers } = await here.visitor().handle(signIn);
    const [isLoaded, isStored] = [new Deferred(), new Deferred()];
    const slow = there.visitor().handle(
      async (session) => {
        isLoaded.resolve();
        await isStored.promise;
        session.push('cart', 'tea');
        session.increment('count');
      },
      { headers },
    );
    await isLoaded.promise;
    await here.visitor().handle((session) => session.push('cart', 'pot').increment('count'), { headers });
    isStored.resolve();
    await slow;
    const view: Handler<unknown> = (session) => [session.get('cart'), session.get('count')];
    for (const app of [here, there])
      expect(await app.visitor().in(view, { headers })).toEqual([['mug', 'pot', 'tea'], 2]);
  });

  it('a request that is pending while its visitor signs in elsewhere writes to the moved session', async () => {
    const { here, there } = await startShops(platform, ledger);
    const visitor = here.visitor();
    const { asHeaders: headers } = await visitor.handle(fill);
    const [isLoaded, isSignedIn] = [new Deferred(), new Deferred()];
    const slow = there.visitor().handle(
      async (session) => {
        isLoaded.resolve();
        await isSignedIn.promise;
        session.push('cart', 'tea');
      },
      { headers },
    );
    await isLoaded.promise;
    await visitor.in((session) => session.signIn('ann'));
    isSignedIn.resolve();
    // It sets no cookie: the request that signed in does.
    expect((await slow).cookies).toEqual([]);
    expect(await visitor.in((session) => [session.userId, session.get('cart')])).toEqual([
      'ann',
      ['mug', 'tea'],
    ]);
  });
}
