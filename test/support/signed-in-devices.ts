import fc from 'fast-check';
import { expect, vi } from 'vitest';
import type { HandlerApp, Visitor } from './handler-app.js';
import type { Limit } from './session-limit.js';

const MINUTE = 60_000;
const AGE = 120 * MINUTE;
const REMEMBERED = 24 * 60 * MINUTE;

/** What a user does on a device, or to a list. */
export interface Deed {
  readonly device: number;
  readonly user: number;
  readonly op:
    | 'signIn'
    | 'remember'
    | 'become'
    | 'signOut'
    | 'destroy'
    | 'regenerate'
    | 'read'
    | 'put'
    | 'end'
    | 'endAll'
    | 'endOthers';
  readonly laterMs: number;
}

export const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    device: fc.nat(3),
    user: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
    op: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Deed['op']>('signIn') },
      {
        weight: 3,
        arbitrary: fc.constantFrom<Deed['op'][]>('read', 'put', 'regenerate', 'remember', 'become'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom<Deed['op'][]>('signOut', 'destroy', 'end', 'endAll', 'endOthers'),
      },
    ),
    laterMs: fc.constantFrom(0, 0, 1, 59_999, MINUTE, 31 * MINUTE, AGE - 1, AGE),
  }),
  { minLength: 3, maxLength: 14, size: 'max' },
);

/** A live session, as the design has it. */
interface Live {
  id: string;
  readonly handle: string;
  user: string | null;
  /** Null: the user was stored without `signIn`. */
  signedInAt: number | null;
  /** Counts up: which session became its user's last. */
  order: number;
  lastActivity: number;
  expiresAt: number;
  duration: number;
}

/** Several devices on one application, and the sessions that they should have. */
export class Devices {
  readonly #visitors: Visitor[];
  readonly #sessions: (Live | null)[] = [null, null, null, null];
  readonly #copies: { readonly cookie: string; readonly id: string }[] = [];
  #order = 0;

  constructor(
    readonly app: HandlerApp,
    readonly limit: Limit | null,
    readonly name: (user: number) => string,
  ) {
    this.#visitors = this.#sessions.map(() => app.visitor());
  }

  #living(user: string): Live[] {
    return this.#sessions
      .filter((each) => each !== null)
      .filter((each) => each.user === user && each.expiresAt > Date.now());
  }

  #end(gone: readonly Live[]): void {
    for (const [device, session] of this.#sessions.entries())
      if (session !== null && gone.includes(session)) this.#sessions[device] = null;
  }

  async play({ device, user: number, op, laterMs }: Deed): Promise<void> {
    vi.setSystemTime(Date.now() + laterMs);
    const user = this.name(number);
    const living = this.#living(user);
    const { manager } = this.app;
    if (op === 'endAll') {
      mustBe(await manager.endAll(user), living.length);
      this.#end(living);
    } else if (op === 'end') {
      const session = living[device];
      mustBe(await manager.end(user, session?.handle ?? 'nobody'), session !== undefined);
      if (session !== undefined) this.#end([session]);
    } else await this.#visit(device, user, op);
    for (const each of [0, 1]) await this.#look(this.name(each));
  }

  async #visit(device: number, user: string, op: Deed['op']): Promise<void> {
    const visitor = this.#visitors[device] ?? expect.unreachable();
    const known = this.#sessions[device] ?? null;
    const before = known !== null && known.expiresAt > Date.now() ? known : null;
    const becomes = op === 'signIn' || op === 'remember' || op === 'become';
    const others = this.#living(user).filter((each) => each !== before);
    const { max = Infinity, when = 'end-oldest' } = this.limit ?? {};
    const isRefused = becomes && before?.user !== user && when === 'refuse' && others.length >= max;
    const seen: unknown[] = [];
    const { asHeaders, cookies } = await visitor.handle(
      async (session) => {
        seen.push(session.stored ? session.handle : null, session.userId, session.signedInAt);
        if (op === 'signIn') session.signIn(user);
        if (op === 'remember') session.signIn(user, { remember: '24h' });
        if (op === 'become') session.put('userId', user);
        if (op === 'signOut') session.signOut();
        if (op === 'destroy') await session.destroy();
        if (op === 'regenerate') session.regenerate();
        if (op === 'put') session.put('seen', Date.now());
        if (op === 'endOthers') seen.push(await this.app.manager.endAll(user, { except: session }));
        if (!isRefused) await session.commit();
        seen.push(session.stored ? [session.id, session.handle] : null);
      },
      { status: isRefused ? 409 : 200 },
    );
    mustBe(seen.slice(0, 3), [before?.handle ?? null, before?.user ?? null, before?.signedInAt ?? null]);
    if (op === 'endOthers') {
      mustBe(seen[3], others.length);
      this.#end(others);
    }
    if (isRefused) {
      // It was a visit all the same.
      if (before !== null)
        this.#sessions[device] = this.#after(before, user, 'read', [before.id, before.handle]);
      return;
    }
    const now = seen.at(-1) as [string, string] | null;
    const after = this.#after(before, user, op, now);
    this.#sessions[device] = after;
    if (after !== null && cookies.length > 0) this.#copies.push({ cookie: asHeaders.cookie, id: after.id });
    if (!becomes || before?.user === user || after === null || others.length < max) return;
    const oldest = others
      .toSorted((a, b) => b.lastActivity - a.lastActivity || b.order - a.order)
      .slice(max - 1);
    this.#end(oldest);
  }

  #after(before: Live | null, user: string, op: Deed['op'], now: [string, string] | null): Live | null {
    const at = Date.now();
    const isNew = ['signIn', 'remember', 'become', 'put'].includes(op) && before === null;
    mustBe(now !== null, op !== 'destroy' && (before !== null || isNew));
    if (now === null) return null;
    const [id, handle] = now;
    const begun: Live = {
      id,
      handle,
      user: null,
      signedInAt: null,
      order: 0,
      lastActivity: at,
      expiresAt: at + AGE,
      duration: AGE,
    };
    const session = before === null || op === 'signOut' ? begun : { ...before };
    mustBe(handle, session.handle);
    if (before !== null)
      mustBe(id !== before.id, ['signIn', 'remember', 'regenerate', 'signOut'].includes(op));
    session.id = id;
    const signsIn = op === 'signIn' || op === 'remember';
    if (signsIn || (op === 'become' && session.user !== user)) {
      this.#order += 1;
      session.order = this.#order;
      session.signedInAt = signsIn ? at : null;
      session.user = user;
    }
    if (signsIn) session.duration = op === 'remember' ? REMEMBERED : AGE;
    const isMoved = signsIn || op === 'regenerate';
    const full = at + session.duration;
    if (isMoved || full - session.expiresAt >= MINUTE) session.expiresAt = full;
    const isWritten = isMoved || op === 'put' || op === 'become';
    session.lastActivity = Math.max(
      isWritten ? at : session.lastActivity,
      session.expiresAt - session.duration,
    );
    return session;
  }

  async #look(user: string): Promise<void> {
    const listed = await this.app.manager.list(user);
    const times = listed.map(({ lastActivity }) => lastActivity);
    mustBe(
      times,
      times.toSorted((a, b) => b - a),
    );
    const shown = listed.map(({ handle, signedInAt, lastActivity, expiresAt }) => ({
      handle,
      signedInAt,
      lastActivity,
      expiresAt,
    }));
    const wanted = this.#living(user).map(({ handle, signedInAt, lastActivity, expiresAt }) => ({
      handle,
      signedInAt,
      lastActivity,
      expiresAt,
    }));
    const byHandle = (a: { handle: string }, b: { handle: string }): number => (a.handle < b.handle ? -1 : 1);
    mustBe(shown.toSorted(byHandle), wanted.toSorted(byHandle));
  }

  /** Sends each cookie that a device ever had: only those of the present ids open a session. */
  async replay(): Promise<void> {
    for (const { cookie, id } of this.#copies) {
      const live = this.#sessions.find((each) => each?.id === id && each.expiresAt > Date.now());
      const user = await this.app.visitor().in((session) => session.userId, { headers: { cookie } });
      mustBe(user, live?.user ?? null);
    }
  }
}

function mustBe(found: unknown, wanted: unknown): void {
  expect(found).toEqual(wanted);
}
