import { Controller, Get, ParseIntPipe, ValidationPipe } from '@nestjs/common';
import { Flash, type FlashMessages, type RequestSession, Session } from 'nestjs-session-kit';
import { expectTypeOf } from 'vitest';
import type { CartLine } from './session-data.js';

/** The decorator takes declared keys and others, both with pipes. */
@Controller()
export class CartController {
  @Get('one')
  one(@Session() session: Session, @Session('userId') userId: string, @Session('cart') cart: CartLine[]) {
    expectTypeOf(session).toEqualTypeOf<RequestSession>();
    return { userId, cart };
  }

  @Get('two')
  two(
    @Session('views', ParseIntPipe) views: number,
    @Session('user.name', new ValidationPipe()) name: string,
    @Session(ParseIntPipe) session: number,
    @Flash() messages: FlashMessages,
    @Flash('status') status: string,
  ) {
    return { views, name, session, messages, status };
  }

  // @ts-expect-error -- a key is text
  three(@Session(1) one: string) {
    return one;
  }
}

/** The facade has the same key types. */
export function facade(): void {
  expectTypeOf(Session.current()).toEqualTypeOf<RequestSession>();
  expectTypeOf(Session.get('userId')).toEqualTypeOf<string | undefined>();
  expectTypeOf(Session.get('cart', [])).toEqualTypeOf<CartLine[]>();
  expectTypeOf(Session.pull('views', 0)).toEqualTypeOf<number>();
  expectTypeOf(Session.get('coupon')).toEqualTypeOf<unknown>();
  expectTypeOf(Session.put('userId', '42')).toEqualTypeOf<RequestSession>();
  expectTypeOf(Session.has('userId')).toEqualTypeOf<boolean>();
  expectTypeOf(Session.hasAny('userId', 'cart')).toEqualTypeOf<boolean>();
  expectTypeOf(Session.remember('views', () => 0)).toEqualTypeOf<number>();
  expectTypeOf(Session.merge({ user: { name: 'Ada' } })).toEqualTypeOf<RequestSession>();
  Session.update('views', (views = 0) => views + 1);
  Session.push('cart', { sku: 'tea', quantity: 1 });
  Session.set({ userId: '42', coupon: 'X' });
  // @ts-expect-error -- userId is text
  Session.put('userId', 42);
  // @ts-expect-error -- userId is text
  Session.set({ userId: 42 });
  // @ts-expect-error -- no line
  Session.push('cart', 'tea');
  // @ts-expect-error -- views is a number
  Session.update('views', () => 'many');
}
