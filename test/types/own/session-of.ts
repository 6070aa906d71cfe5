import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-session-kit';
import { expectTypeOf } from 'vitest';

interface ShopSession {
  userId: string;
  views: number;
  cart: string[];
}

interface ProfileSession {
  theme: 'dark' | 'light';
}

/** Types for one handler, without a global declaration. */
@Controller()
export class ShopController {
  @Get('shop')
  shop(@Session() session: Session<ShopSession>) {
    expectTypeOf(session.get('userId')).toEqualTypeOf<string | undefined>();
    expectTypeOf(session.get('cart', [])).toEqualTypeOf<string[]>();
    expectTypeOf(session.get('other')).toEqualTypeOf<unknown>();
    expectTypeOf(session.put('views', 1)).toEqualTypeOf<Session<ShopSession>>();
    expectTypeOf(session.pull('views', 0)).toEqualTypeOf<number>();
    expectTypeOf(session.all().cart).toEqualTypeOf<string[] | undefined>();
    session.update('views', (views = 0) => views + 1).push('cart', 'tea');
    // @ts-expect-error -- userId is text
    session.put('userId', 42);
    // @ts-expect-error -- cart holds text
    session.push('cart', 42);
    // @ts-expect-error -- views is a number
    session.get('views', 'none');
  }

  @Get('profile')
  profile(@Session() session: Session<ProfileSession>) {
    expectTypeOf(session.get('theme', 'dark')).toEqualTypeOf<'dark' | 'light'>();
    // Another handler's key is an ordinary key here.
    expectTypeOf(session.get('userId')).toEqualTypeOf<unknown>();
    // @ts-expect-error -- no such theme
    session.put('theme', 'pink');
  }
}

/** Where nothing is declared, every key is allowed and unknown. */
export function undeclared(session: Session): void {
  expectTypeOf(session.get('userId')).toEqualTypeOf<unknown>();
  expectTypeOf(session.get<string>('userId', '')).toEqualTypeOf<string>();
  expectTypeOf(session.all()).toExtend<Record<string, unknown>>();
  session
    .put('userId', 42)
    .put({ anything: true })
    .push('list', 1)
    .update('x', () => 1);
  expectTypeOf(Session.get('userId')).toEqualTypeOf<unknown>();
}
