import type { Clock } from '../drivers/clock.js';
import type { SessionLog } from '../drivers/session-log.js';
import type { Keyring } from '../crypto/keyring.js';
import type { SessionSerializer } from '../state/payload.js';
import type { Lifetimes } from './lifetimes.js';
import type { RecentEndings } from './recent-endings.js';
import type { WatchedSessions } from './watching/watched-sessions.js';
import type { SessionsPerUser } from './users/session-limit.js';
import type { ConsistencyErrors } from './consistency-errors.js';
import type { TokenLimit } from './sealed/token-limit.js';

/** For the rooms above this one, which do not know drivers. */
export type { SessionLog };

/** What all sessions of one application share: its settings, resolved, and its tools. */
export interface SessionRuntime {
  readonly clock: Clock;
  /** The name of the driver, for what is told of sessions. */
  readonly driver: string;
  readonly keyring: Keyring;
  readonly serializer: SessionSerializer;
  readonly log: SessionLog;
  readonly faults: ConsistencyErrors;
  readonly lifetimes: Lifetimes;
  readonly watched: WatchedSessions;
  /** What this process knows of the sessions that ended or moved lately. */
  readonly endings: RecentEndings;
  readonly degrade: boolean;
  /** The path of the value that names the user in a record. */
  readonly userKey: string;
  /** How many sessions a user may have. Undefined: as many as he likes. */
  readonly sessionsPerUser?: SessionsPerUser | undefined;
  /** How large a token may get that holds the session itself. */
  readonly tokenLimit: TokenLimit;
}
