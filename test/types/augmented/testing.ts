import type { Session } from 'nestjs-session-kit';
import { fakeSession, sessionsOf, withSession } from 'nestjs-session-kit/testing';
import { expectTypeOf } from 'vitest';

/** Never called: it only has to compile, except where an error is expected. */
export async function typesOf(app: Parameters<typeof sessionsOf>[0]): Promise<void> {
  const show = (session: Session): string => session.get('userId', '');
  show(fakeSession({ userId: '1', views: 2, coupon: true }));
  show(fakeSession());
  // @ts-expect-error -- userId is text
  fakeSession({ userId: 1 });
  // @ts-expect-error -- so it is for a visitor
  await sessionsOf(app).cookie({ userId: 1 });
  const { result, session } = await withSession({ views: 1 }, (given) => given.increment('views'));
  expectTypeOf(result).toEqualTypeOf<number>();
  expectTypeOf(session.get('views')).toEqualTypeOf<number | undefined>();
}
