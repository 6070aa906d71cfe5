import type { Session } from 'nestjs-session-kit';
import { expectTypeOf } from 'vitest';
import type { CartLine } from './session-data.js';

/** Never called: it only has to compile, except where an error is expected. */
export function typesOf(session: Session, anyKey: string, either: 'views' | 'coupon'): void {
  // get: the declared type, or undefined if not stored.
  expectTypeOf(session.get('userId')).toEqualTypeOf<string | undefined>();
  expectTypeOf(session.get('cart')).toEqualTypeOf<CartLine[] | undefined>();
  expectTypeOf(session.get('nickname')).toEqualTypeOf<string | null | undefined>();
  // A default replaces undefined and null.
  expectTypeOf(session.get('views', 0)).toEqualTypeOf<number>();
  expectTypeOf(session.get('cart', [])).toEqualTypeOf<CartLine[]>();
  expectTypeOf(session.get('cart', () => [])).toEqualTypeOf<CartLine[]>();
  expectTypeOf(session.get('nickname', 'nobody')).toEqualTypeOf<string>();
  expectTypeOf(session.get('theme', 'dark')).toEqualTypeOf<'dark' | 'light'>();
  expectTypeOf(session.get('views', null)).toEqualTypeOf<number | null>();
  expectTypeOf(session.get('nickname', null)).toEqualTypeOf<string | null>();
  // @ts-expect-error -- views is a number
  session.get('views', 'none');
  // @ts-expect-error -- views is a number, also from a function
  session.get('views', () => 'none');
  // @ts-expect-error -- no such theme
  session.get('theme', 'pink');
  // @ts-expect-error -- it may be missing
  const certain: string = session.get('userId');

  // Undeclared keys are unknown, whatever type is expected, unless the caller names one.
  expectTypeOf(session.get('coupon')).toEqualTypeOf<unknown>();
  expectTypeOf(session.get('coupon', 'none')).toEqualTypeOf<unknown>();
  expectTypeOf(session.get('user.name')).toEqualTypeOf<unknown>();
  expectTypeOf(session.get(anyKey)).toEqualTypeOf<unknown>();
  expectTypeOf(session.get(either)).toEqualTypeOf<unknown>();
  expectTypeOf(session.get<number>('coupon', 0)).toEqualTypeOf<number>();
  expectTypeOf(session.get<number>('coupon')).toEqualTypeOf<number | undefined>();
  // @ts-expect-error -- unknown is no number
  const guessed: number = session.get('coupon');

  // all: declared keys with their types, each optional.
  expectTypeOf(session.all().views).toEqualTypeOf<number | undefined>();
  expectTypeOf(session.get().cart).toEqualTypeOf<CartLine[] | undefined>();
  expectTypeOf(session.only(['views']).views).toEqualTypeOf<number | undefined>();
  expectTypeOf(session.except(['views']).cart).toEqualTypeOf<CartLine[] | undefined>();
  expectTypeOf(session.all()['coupon']).toEqualTypeOf<unknown>();

  // has, exists, missing take any key, one or several.
  expectTypeOf(session.has('userId')).toEqualTypeOf<boolean>();
  expectTypeOf(session.has(['userId', 'coupon'])).toEqualTypeOf<boolean>();
  expectTypeOf(session.exists('coupon')).toEqualTypeOf<boolean>();
  expectTypeOf(session.missing(anyKey)).toEqualTypeOf<boolean>();
  expectTypeOf(session.hasAny('userId', 'coupon')).toEqualTypeOf<boolean>();
  expectTypeOf(session.has('userId', 'coupon')).toEqualTypeOf<boolean>();
  expectTypeOf(session.only('views', 'cart').views).toEqualTypeOf<number | undefined>();
  expectTypeOf(session.except('views', ['cart']).userId).toEqualTypeOf<string | undefined>();
  // @ts-expect-error -- a key is text
  session.has(1);
  // @ts-expect-error -- the second key is text too
  session.has('userId', 1);
  // @ts-expect-error -- it takes a key
  session.has();
  // @ts-expect-error -- the same
  session.hasAny();
  // @ts-expect-error -- the same
  session.missing();

  // keep, flashOnly, flashExcept and FlashMessages.has as well.
  session.keep('status', ['errors']).flashOnly('email').flashExcept(['comment', 'card']);
  expectTypeOf(session.flashMessages.has('status', 'errors')).toEqualTypeOf<boolean>();
  // @ts-expect-error -- for all of them there is reflash
  session.keep();
  // @ts-expect-error -- the same
  session.flashOnly();
  // @ts-expect-error -- for all of them there is flashAll
  session.flashExcept();
  // @ts-expect-error -- the same
  session.flashMessages.has();

  // pull: like get.
  expectTypeOf(session.pull('userId')).toEqualTypeOf<string | undefined>();
  expectTypeOf(session.pull('views', 0)).toEqualTypeOf<number>();
  expectTypeOf(session.pull('coupon')).toEqualTypeOf<unknown>();
  expectTypeOf(session.pull<number>('coupon')).toEqualTypeOf<number | undefined>();
  expectTypeOf(session.pull('views', null)).toEqualTypeOf<number | null>();

  // remember: the declared type, or what is created; a promise if the value is asynchronous.
  expectTypeOf(session.remember('views', () => 0)).toEqualTypeOf<number>();
  expectTypeOf(session.remember('cart', () => [])).toEqualTypeOf<CartLine[]>();
  expectTypeOf(session.remember('nickname', async () => 'Ada')).toEqualTypeOf<string | Promise<string>>();
  expectTypeOf(session.remember('coupon', () => 'X')).toEqualTypeOf<string>();
  expectTypeOf(session.remember<number>('coupon', () => 5)).toEqualTypeOf<number>();
  const percent = session.remember('coupon', () => Promise.resolve(5));
  expectTypeOf(percent).toEqualTypeOf<number | Promise<number>>();
  // @ts-expect-error -- views is a number
  void session.remember('views', () => 'many');
  // @ts-expect-error -- views is a number, also in a promise
  void session.remember('views', async () => 'many');
  // @ts-expect-error -- null would be created again and again
  void session.remember('nickname', () => null);

  // merge: part of the declared values at any depth, lists as a whole.
  expectTypeOf(session.merge({ user: { name: 'Ada' }, coupon: { percent: 5 } })).toEqualTypeOf<Session>();
  session.merge({ user: { teams: ['developers'] }, 'user.name': 'Ada', views: 1 });
  // @ts-expect-error -- the name is text
  session.merge({ user: { name: 1 } });
  // @ts-expect-error -- there is no such member
  session.merge({ user: { surname: 'Lovelace' } });
  // @ts-expect-error -- a line needs a quantity
  session.merge({ cart: [{ sku: 'tea' }] });

  // increment, decrement: declared numbers, and undeclared keys.
  expectTypeOf(session.increment('views')).toEqualTypeOf<number>();
  session.decrement('coupon', 2);
  session.increment(anyKey);
  // @ts-expect-error -- userId is text
  session.increment('userId');
  // @ts-expect-error -- userId is text
  session.decrement('userId');

  // Callbacks, however they type the error.
  void session.reload((error: Error | null | undefined) => error?.message);
  void session.save((error?: Error | null) => error?.message);
  void session.destroy((error: unknown) => error);
  session.regenerate(() => undefined);
  // @ts-expect-error -- views is a number
  session.pull('views', 'none');

  // put and set: the declared type and no other.
  expectTypeOf(session.put('userId', '42')).toEqualTypeOf<Session>();
  expectTypeOf(session.set('userId', '42').regenerate()).toEqualTypeOf<Session>();
  session.put({ userId: '42', views: 1, coupon: 'X' });
  session.put('coupon', { percent: 5 }).put(anyKey, 1).put('user.name', 'Ada');
  // @ts-expect-error -- userId is text
  session.put('userId', 42);
  // @ts-expect-error -- the same in an object
  session.put({ userId: 42 });
  // @ts-expect-error -- the same under its other name
  session.set('userId', 42);
  // @ts-expect-error -- no such theme
  session.put('theme', 'pink');
  // @ts-expect-error -- a line needs a quantity
  session.put('cart', [{ sku: 'tea' }]);

  // update: the old value may be missing, the new one has the declared type.
  session.update('views', (views = 0) => views + 1);
  session.update('cart', (cart) => {
    expectTypeOf(cart).toEqualTypeOf<CartLine[] | undefined>();
    return cart?.filter(({ quantity }) => quantity > 0);
  });
  session.update('coupon', (coupon) => {
    expectTypeOf(coupon).toEqualTypeOf<unknown>();
    return 'X';
  });
  session.update<number>('visits', (visits = 0) => visits + 1);
  // @ts-expect-error -- views is a number
  session.update('views', () => 'many');

  // push: an item of the list.
  session.push('cart', { sku: 'tea', quantity: 1 }).push('coupons', 'X').push('user.teams', 'developers');
  // @ts-expect-error -- not a line
  session.push('cart', 'tea');
  // @ts-expect-error -- not a list
  session.push('views', 1);

  // reset and permanent: like put with an object.
  session.reset({ views: 1 }).permanent({ theme: 'dark' });
  // @ts-expect-error -- views is a number
  session.reset({ views: 'many' });
  // @ts-expect-error -- no such theme
  session.permanent({ theme: 'pink' });

  // Counting returns a number.
  expectTypeOf(session.increment('views')).toEqualTypeOf<number>();
  expectTypeOf(session.decrement('coupons', 2)).toEqualTypeOf<number>();

  // Without a key, forget ends the session and must be awaited.
  expectTypeOf(session.forget('userId')).toEqualTypeOf<Session>();
  expectTypeOf(session.forget(['userId', 'coupon'])).toEqualTypeOf<Session>();
  expectTypeOf(session.forget('userId', 'coupon')).toEqualTypeOf<Session>();
  // @ts-expect-error -- an empty rest list would end the session, so lists are passed as an array
  void session.forget(...[anyKey].slice(1));
  expectTypeOf(session.forget()).toEqualTypeOf<Promise<Session>>();
  expectTypeOf(session.delete()).toEqualTypeOf<Session>();

  void [certain, guessed];
}
