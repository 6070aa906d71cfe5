import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type SessionModuleOptions, SessionStoreError } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { type Heard, HeardEvents } from '../support/heard-events.js';
import { type OneRequest, OneStore, stoppedTime } from '../support/one-session.js';

const ACTS = [
  'open',
  'put',
  'signIn',
  'signOut',
  'regenerate',
  'destroy',
  'forget',
  'respond',
  'end',
  'forge',
] as const;

type Step = readonly [act: (typeof ACTS)[number], visitor: number];

const steps = fc.array(fc.tuple(fc.constantFrom(...ACTS), fc.nat(2)), { maxLength: 40 });

/** Texts that cannot occur anywhere else by chance. */
const VALUE = 'a value that is nobody’s business';
const USER = 'ann the user';

/** The secrets that no event may contain, and the events heard. */
interface History {
  readonly secrets: Set<string>;
  readonly heard: Heard[];
}

/** Plays overlapping requests: each is open until it responds, and the cookie is that of the last response. */
async function play(options: Partial<SessionModuleOptions>, history: readonly Step[]): Promise<History> {
  const store = await OneStore.start(options);
  using events = new HeardEvents();
  const secrets = new Set<string>();
  const keepsRecords = options.driver !== 'stealth';
  const tokens = ['', '', ''];
  const open: (OneRequest | null)[] = [null, null, null];
  const note = ({ session, tokens: came }: OneRequest): void => {
    for (const secret of [session.id, session.signedId, ...came]) if (secret !== '') secrets.add(secret);
  };
  const requestOf = async (visitor: number): Promise<OneRequest> =>
    (open[visitor] ??= await store.open(tokens[visitor]));
  try {
    for (const [act, visitor] of history) {
      if (act === 'end') {
        if (keepsRecords) await store.manager.endAll(USER);
        continue;
      }
      if (act === 'open' || act === 'forge') {
        // Another request of the same visitor runs beside the open one.
        const beside = await store.open(act === 'open' ? tokens[visitor] : `v1.${VALUE}.forged`);
        beside.session.put('beside', VALUE);
        await beside.respond();
        note(beside);
        continue;
      }
      const request = await requestOf(visitor);
      const { session } = request;
      if (act === 'put') session.put(`key of ${VALUE}`, VALUE);
      else if (act === 'signIn') session.signIn(USER);
      else if (act === 'signOut') session.signOut();
      else if (act === 'regenerate') session.regenerate();
      else if (act === 'destroy') await session.destroy();
      else if (act === 'forget') session.forget('userId');
      note(request);
      if (act !== 'respond') continue;
      const { token, cookie } = await request.respond();
      if (cookie !== 'none') tokens[visitor] = token;
      if (token !== '') secrets.add(token);
      open[visitor] = null;
    }
    return { secrets, heard: events.take() };
  } finally {
    await store.module.close();
    vi.restoreAllMocks();
  }
}

const KEPT: readonly [name: string, options: Partial<SessionModuleOptions>][] = [
  ['a store', {}],
  ['a store of sealed payloads', { encrypt: true }],
  ['stealth', { driver: 'stealth' }],
];

/** Fails unless a session begins and ends once, is signed in before signed out, and has no event after its end. */
function expectLives(heard: readonly Heard[]): void {
  const lives = new Map<string, { isUsers: boolean; hasEnded: boolean }>();
  for (const event of heard) {
    if (!('handle' in event)) continue;
    const known = lives.get(event.handle);
    if (event.name === 'begun') {
      expect(known).toBeUndefined();
      lives.set(event.handle, { isUsers: false, hasEnded: false });
      continue;
    }
    if (known === undefined) return expect.unreachable();
    expect(known.hasEnded).toBe(false);
    if (event.name === 'signed-in' || event.name === 'signed-out') {
      expect(known.isUsers).toBe(event.name === 'signed-out');
      known.isUsers = !known.isUsers;
    }
    if (event.name === 'ended') {
      expect(known.isUsers).toBe(false);
      known.hasEnded = true;
    }
  }
}

describe.each(KEPT)('the events of any history, with %s', (_name, options) => {
  it('form complete session lifecycles and contain no id, token or value', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const { secrets, heard } = await play(options, history);
        expectLives(heard);
        const told = JSON.stringify(heard);
        for (const secret of [VALUE, USER, ...secrets]) expect(told).not.toContain(secret);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the end of a session whose move to another id failed halfway', () => {
  /** A store in which one session has a record under two ids, and its handle. */
  async function withHalfMoved(options: Partial<SessionModuleOptions> = {}) {
    const store = await OneStore.start(options);
    const request = await store.open(await store.seed((session) => session.signIn(USER)));
    const { handle } = request.session.regenerate();
    store.driver.before = (call) => {
      if (call.method === 'write' && call.record.version > 1) throw new Error('The redirect gets lost.');
    };
    expect((await request.respond()).error).toBeInstanceOf(SessionStoreError);
    store.driver.before = () => undefined;
    return { store, handle };
  }

  const endings: readonly [string, (store: OneStore) => Promise<unknown>][] = [
    ['endAll', (store) => store.manager.endAll(USER)],
    [
      'a sign-in beyond the limit',
      async (store) => {
        const request = await store.open();
        request.session.signIn(USER);
        return request.respond();
      },
    ],
  ];

  it.each(endings)('emits one event if others end it meanwhile, while %s does', async (_how, end) => {
    const { store, handle } = await withHalfMoved({ sessionsPerUser: { max: 1, when: 'end-oldest' } });
    using events = new HeardEvents();
    const removed = new Deferred();
    const goesOn = new Deferred();
    store.driver.after = async ({ method }) => {
      if (method !== 'destroyVersion') return;
      store.driver.after = () => undefined;
      removed.resolve();
      await goesOn.promise;
    };
    const ending = end(store);
    await removed.promise;
    expect(await store.manager.end(USER, handle)).toBe(true);
    goesOn.resolve();
    await ending;
    const ofIt = events.take().filter((event) => 'handle' in event && event.handle === handle);
    expect(ofIt.map(({ name }) => name)).toEqual(['signed-out', 'ended']);
    await store.module.close();
    vi.restoreAllMocks();
  });

  it('emits one event, though both ids have a record', async () => {
    const store = await OneStore.start();
    const token = await store.seed((session) => session.signIn(USER));
    using events = new HeardEvents();
    const request = await store.open(token);
    const { handle } = request.session.regenerate();
    store.driver.before = (call) => {
      if (call.method === 'write' && call.record.version > 1) throw new Error('The redirect gets lost.');
    };
    expect((await request.respond()).error).toBeInstanceOf(SessionStoreError);
    store.driver.before = () => undefined;
    expect(await store.manager.endAll(USER)).toBe(1);
    expect(events.take()).toMatchObject([
      { name: 'loaded', handle },
      { name: 'store-failed', use: 'writing' },
      { name: 'signed-out', handle },
      { name: 'ended', handle, reason: 'manager' },
    ]);
    await store.module.close();
    vi.restoreAllMocks();
  });
});

describe('the end of a session under an id that the application has chosen', () => {
  const pass = stoppedTime();

  it('is told again when the last end there is long forgotten', async () => {
    const store = await OneStore.start();
    const { session } = await store.open();
    const id = await session.generateId();
    using events = new HeardEvents();
    for (let count = 0; count < 2; count += 1) {
      await session.setId(id).start();
      await session.put('userId', USER).commit();
      await store.manager.destroy(id);
      pass(3_600_000);
      // Processes forget when they have something else to remember.
      await store.visitor().in(async (other) => (await other.put('a', 1).commit()).destroy());
    }
    const ofUsers = events.take().filter(({ name }) => name === 'signed-in' || name === 'signed-out');
    expect(ofUsers.map(({ name }) => name)).toEqual(['signed-in', 'signed-out', 'signed-in', 'signed-out']);
    await store.module.close();
    vi.restoreAllMocks();
  });

  it('is told though another process has begun it', async () => {
    const store = await OneStore.start();
    const { inner } = store.driver;
    const { session } = await store.open();
    await session.signIn(USER).commit();
    const record = await inner.read(session.id);
    if (record === null) throw new Error('Nothing is stored.');
    using events = new HeardEvents();
    for (let begun = 1; begun <= 3; begun += 1) {
      await store.manager.destroy(session.id);
      const payload = JSON.stringify({ ...JSON.parse(record.payload), c: begun });
      await inner.write(session.id, { ...record, version: 1, payload });
    }
    expect(events.take().map(({ name }) => name)).toEqual(
      Array.from({ length: 3 }, () => ['signed-out', 'ended']).flat(),
    );
    await store.module.close();
    vi.restoreAllMocks();
  });

  it('is told each time that one begins there', async () => {
    const store = await OneStore.start();
    using events = new HeardEvents();
    const { session } = await store.open();
    const id = await session.generateId();
    for (let count = 0; count < 3; count += 1) {
      await session.setId(id).start();
      await session.put('userId', USER).commit();
      await store.manager.destroy(id);
    }
    expect(events.take().map(({ name }) => name)).toEqual(
      Array.from({ length: 3 }, () => ['begun', 'committed', 'signed-in', 'signed-out', 'ended']).flat(),
    );
    await store.module.close();
    vi.restoreAllMocks();
  });
});
