import fc from 'fast-check';
import { expect } from 'vitest';
import { MemoryDriver } from '../../../lib/drivers/memory/memory.driver.js';
import { LedgerWorld } from './ledger-world.js';
import type { ApplicationProcess, TestRequest } from './world.js';

const USER = 'ann';
const SECOND = 1_000;

/** What one request does, in which process, and when its response arrives relative to the others of its round. */
interface Deed {
  readonly process: number;
  readonly op: 'push' | 'read' | 'signIn' | 'regenerate' | 'signOut' | 'destroy' | 'end' | 'endAll';
  readonly arrives: number;
}

/** Concurrent requests of one visitor, and the time since the previous round. */
interface Round {
  readonly deeds: readonly Deed[];
  readonly later: number;
}

const deed: fc.Arbitrary<Deed> = fc.record({
  process: fc.nat({ max: 1 }),
  op: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Deed['op'][]>('push', 'read', 'signIn', 'regenerate') },
    { weight: 1, arbitrary: fc.constantFrom<Deed['op'][]>('signOut', 'destroy', 'end', 'endAll') },
  ),
  arrives: fc.nat({ max: 99 }),
});

export const rounds: fc.Arbitrary<Round[]> = fc.array(
  fc.record({
    deeds: fc.array(deed, { minLength: 1, maxLength: 4 }),
    later: fc.constantFrom(0, 0, 31 * SECOND, 11 * 60 * SECOND),
  }),
  { minLength: 1, maxLength: 6 },
);

/** What a response does with the cookie, if anything. */
interface Arrival {
  readonly arrives: number;
  /** Null: it expires. */
  readonly cookie?: string | null;
  /** Whether only the lifetime is new. */
  readonly renews?: boolean;
}

/** A visitor, and an attacker with a copy of every cookie that the visitor ever had. */
export class CopiedCookies {
  readonly world = new LedgerWorld((clock) => new MemoryDriver({}, clock), { userKey: 'userId' });
  readonly #processes: readonly ApplicationProcess[] = [this.world.process(), this.world.process()];
  #cookie: string | null = null;
  readonly #copies = new Set<string>();
  /** The handles of sessions that were reported as ended. */
  readonly #ended = new Set<string>();
  /** The handles of sessions signed in before the round. A sign-in within the round may still fail. */
  #signedIn = new Set<string>();
  /** By handle: the values that signed-in requests were told are stored. */
  readonly #pushed = new Map<string, string[]>();
  #serial = 0;

  #process(index: number): ApplicationProcess {
    const process = this.#processes[index];
    if (process === undefined) throw new Error('There is no such process.');
    return process;
  }

  async #perform({ process: index, op, arrives }: Deed): Promise<Arrival> {
    const process = this.#process(index);
    const request = await process.request(this.#cookie);
    const { session } = request;
    const [handle, user] = session.stored ? [session.handle, session.userId] : [null, null];
    let value: string | null = null;
    if (op === 'push') session.push('seen', (value = `${(this.#serial += 1)}`));
    if (op === 'signIn') session.signIn(USER);
    if (op === 'regenerate') session.regenerate();
    if (op === 'signOut') session.signOut();
    if (op === 'destroy') await session.destroy();
    if (op === 'end' && handle !== null && user !== null && (await process.backend.users?.end(user, handle)))
      this.#endedOfUser(handle);
    if (op === 'endAll') {
      const listed = (await process.backend.users?.list(USER)) ?? [];
      await process.backend.users?.endAll(USER, null);
      for (const each of listed) this.#endedOfUser(each.handle);
    }
    const { status, error, cookie } = await request.respond();
    mustBe(status, 200, String(error));
    if (handle !== null && (op === 'signOut' || op === 'destroy')) this.#ended.add(handle);
    if (handle !== null && user !== null && value !== null && session.stored && session.handle === handle)
      this.#pushed.set(handle, [...(this.#pushed.get(handle) ?? []), value]);
    if (cookie.kind === 'set') this.#copies.add(cookie.token);
    if (cookie.kind === 'none') return { arrives };
    const renews = cookie.kind === 'set' && (op === 'push' || op === 'read');
    return { arrives, cookie: cookie.kind === 'set' ? cookie.token : null, renews };
  }

  #endedOfUser(handle: string): void {
    if (this.#signedIn.has(handle)) this.#ended.add(handle);
  }

  async #lookAt(token: string | null, index = 0): Promise<TestRequest['session']> {
    return (await this.#process(index).request(token)).session;
  }

  /** Runs all requests of a round concurrently; then their responses arrive in some order. */
  async play({ deeds, later }: Round, atOnce: (all: Promise<unknown>) => Promise<unknown>): Promise<void> {
    const before = await this.#lookAt(this.#cookie);
    const answering = Promise.all(deeds.map((each) => this.#perform(each)));
    await atOnce(answering);
    const answers = await answering;
    for (const { cookie } of answers.toSorted((a, b) => a.arrives - b.arrives))
      if (cookie !== undefined) this.#cookie = cookie;
    const wasSignedIn = before.stored && before.userId === USER;
    // A renewal of the old cookie that arrives after a new cookie replaces it: the browser knows no order.
    const isSteady = !answers.some(({ renews = false }) => renews);
    if (wasSignedIn && isSteady && !this.#ended.has(before.handle)) await this.#staysSignedIn(before.handle);
    await this.check();
    this.world.clock.advance(later);
    await this.check();
  }

  async #staysSignedIn(handle: string): Promise<void> {
    const now = await this.#lookAt(this.#cookie);
    mustBe([now.stored, now.handle, now.userId], [true, handle, USER], 'the visitor is signed out');
  }

  async check(): Promise<void> {
    const living = new Set<string>();
    for (const token of this.#copies)
      for (const index of [0, 1]) {
        const session = await this.#lookAt(token, index);
        if (!session.stored) continue;
        mustBe(this.#ended.has(session.handle), false, 'a session came back');
        const isOfNobody = this.world.heldBy(token) !== null;
        mustBe(isOfNobody && session.userId !== null, false, 'a copy from before the sign-in opens it');
        if (session.userId === null) continue;
        living.add(session.handle);
        const seen = session.get<string[]>('seen', []);
        const lost = (this.#pushed.get(session.handle) ?? []).filter((value) => !seen.includes(value));
        mustBe(lost, [], 'something got lost');
        mustBe(new Set(seen).size, seen.length, 'something was stored twice');
      }
    const listed = (await this.#process(0).backend.users?.list(USER)) ?? [];
    mustBe(new Set(listed.map(({ handle }) => handle)), living, 'what is listed is not what lives');
    this.#signedIn = living;
  }
}

function mustBe(found: unknown, wanted: unknown, otherwise: string): void {
  expect(found, otherwise).toEqual(wanted);
}
