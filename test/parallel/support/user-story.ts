import type { SessionsPerUser } from '../../../lib/lifecycle/users/session-limit.js';
import { TurnQueue } from '../../../lib/lifecycle/records/turn-queue.js';
import type { UserSessions } from '../../../lib/lifecycle/users/user-sessions.js';
import { MemoryDriver } from '../../../lib/drivers/memory/memory.driver.js';
import { MortalDriver } from './mortal-driver.js';
import { type ApplicationProcess, World } from './world.js';

export const USER = 'ann';

/** The possible deeds: requests of a device, and `end` and `endAll`. */
export const DEEDS = ['signIn', 'regenerate', 'put', 'signOut', 'end', 'endAll'] as const;

/** A deed, the process that performs it and, for a request, one of three devices. */
export interface Deed {
  readonly process: number;
  readonly device: number;
  readonly op: (typeof DEEDS)[number];
}

export type Limit = Omit<SessionsPerUser, 'turns'>;

/** What the store holds of the user, by handles. */
export interface Found {
  /** What `list` returns. */
  readonly listed: string[];
  /** The living sessions. */
  readonly living: string[];
  /** Sessions reported as ended that a cookie ever sent can still open. */
  readonly revived: string[];
  /** Sessions reported as ended that are still in the store under any id. */
  readonly left: string[];
}

/** One user with three devices, and all that two processes do to his sessions; the second process may die. */
export class UserStory {
  readonly world: World;
  readonly #processes: readonly { server: ApplicationProcess; driver: MortalDriver }[];
  readonly #devices: (string | null)[] = [];
  /** All ids ever sent to a browser. */
  readonly #given = new Set<string>();
  /** The handles of sessions reported as the user's. */
  readonly #signedIn = new Set<string>();
  /** Those of them that were ended. */
  readonly #ended = new Set<string>();
  /** The handles of sessions that their device has signed out of. */
  readonly #signedOut = new Set<string>();

  /**
   * @param limit how many sessions the user may have
   * @param lastCall the store call at which the second process dies; Infinity: never
   */
  constructor(limit: Limit | null, lastCall = Infinity) {
    const runtime = limit === null ? {} : { sessionsPerUser: { ...limit, turns: new TurnQueue(Infinity) } };
    this.world = new World((clock) => new MemoryDriver({}, clock), runtime);
    this.#processes = [Infinity, lastCall].map((calls) => {
      const driver = new MortalDriver(this.world.driver, calls);
      const server = this.world.process(driver);
      this.#note(usersOf(server));
      return { server, driver };
    });
  }

  /** Gives devices a session and signs the user in on the first ones. */
  async begin(signedIn: number, withSession = 3): Promise<void> {
    for (let device = 0; device < 3; device += 1) {
      const id =
        device < withSession
          ? await this.world.seed((session) => {
              if (device >= signedIn) session.put('cart', 1);
              else this.#signedIn.add(session.signIn(USER).handle);
            })
          : null;
      this.#devices.push(id);
      if (id !== null) this.#given.add(id);
    }
  }

  /** Performs a deed as long as the process lives. @returns whether it was completed */
  async perform(deed: Deed): Promise<boolean> {
    const process = this.#processes[deed.process];
    if (process === undefined) throw new Error('There is no such process.');
    return (await process.driver.survive(this.#perform(deed, process.server).then(() => true))) ?? false;
  }

  async #perform({ device, op }: Deed, server: ApplicationProcess): Promise<void> {
    const users = usersOf(server);
    if (op === 'endAll') return void (await users.endAll(USER, null));
    if (op === 'end') {
      const handle = (await users.list(USER))[device]?.handle;
      if (handle !== undefined) await users.end(USER, handle);
      return;
    }
    const request = await server.request(this.#devices[device] ?? null);
    const { session } = request;
    const before = session.stored ? session.handle : null;
    if (op === 'signIn') session.signIn(USER);
    if (op === 'regenerate') session.regenerate();
    if (op === 'put') session.put(`seen.${device}`, true);
    if (op === 'signOut') session.signOut();
    const { status, cookieId } = await request.respond();
    if (cookieId !== null) {
      this.#devices[device] = cookieId;
      this.#given.add(cookieId);
    }
    if (op === 'signOut' && status === 200 && before !== null) this.#signedOut.add(before);
    if (op === 'signIn' && status === 200) this.#signedIn.add(session.handle);
  }

  /** Records endings, whatever causes them. A sign-in still running when sessions are looked up counts as later. */
  #note(users: UserSessions): void {
    const [list, endFound] = [users.list.bind(users), users.endFound.bind(users)];
    const his = new WeakSet<object>();
    users.list = async (userId) => {
      const signedIn = new Set(this.#signedIn);
      const sessions = await list(userId);
      for (const session of sessions) if (signedIn.has(session.handle)) his.add(session);
      return sessions;
    };
    users.endFound = async (session, reason) => {
      const hasEnded = await endFound(session, reason);
      if (hasEnded && his.has(session)) this.#ended.add(session.handle);
      return hasEnded;
    };
  }

  /** Looks sessions up in the surviving process. */
  async find(): Promise<Found> {
    const [first] = this.#processes;
    if (first === undefined) throw new Error('There is a process.');
    const found = { living: new Set<string>(), revived: new Set<string>(), left: new Set<string>() };
    for (const id of await this.world.living()) {
      const { session } = await first.server.request(id);
      const { handle } = session;
      const isHis = session.userId === USER;
      if (isHis) found.living.add(handle);
      if (!this.#signedOut.has(handle) && !(isHis && this.#ended.has(handle))) continue;
      found.left.add(handle);
      if (this.#given.has(id)) found.revived.add(handle);
    }
    const listed = (await usersOf(first.server).list(USER)).map(({ handle }) => handle);
    return {
      listed: listed.toSorted(),
      living: [...found.living].toSorted(),
      revived: [...found.revived],
      left: [...found.left],
    };
  }

  /** Whether the surviving process finds the user signed in on a device. */
  async isSignedIn(device: number): Promise<boolean> {
    const request = await this.#processes[0]?.server.request(this.#devices[device] ?? null);
    return request?.session.userId === USER;
  }
}

export function usersOf({ backend }: ApplicationProcess): UserSessions {
  if (backend.users === null) throw new Error('The driver cannot list.');
  return backend.users;
}
