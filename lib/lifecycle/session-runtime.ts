import type { Clock } from '../drivers/clock.js';
import type { SessionLog } from '../drivers/session-log.js';
import type { Keyring } from '../crypto/keyring.js';
import type { SessionSerializer } from '../state/payload.js';
import type { Lifetimes } from './lifetimes.js';
import type { RecentFates } from './recent-fates.js';
import type { WatchedSessions } from './watching/watched-sessions.js';
import type { SessionsPerUser } from './users/session-limit.js';
import type { ConsistencyErrors } from './consistency-errors.js';
import type { TokenLimit } from './sealed/token-limit.js';

/** Re-exported for the folders above this one, which do not import drivers. */
export type { SessionLog };

/** What all sessions of one application share: resolved settings and services. */
export interface SessionRuntime {
  readonly clock: Clock;
  /** The driver's name, for events. */
  readonly driver: string;
  readonly keyring: Keyring;
  readonly serializer: SessionSerializer;
  readonly log: SessionLog;
  readonly faults: ConsistencyErrors;
  readonly lifetimes: Lifetimes;
  readonly watched: WatchedSessions;
  /** What this process knows about sessions that ended or moved recently. */
  readonly fates: RecentFates;
  readonly degrade: boolean;
  /** The path of the value that names the user in a record. */
  readonly userKey: string;
  /** How many sessions a user may have. Undefined: no limit. */
  readonly sessionsPerUser?: SessionsPerUser | undefined;
  /** How large a token that holds the session itself may get. */
  readonly tokenLimit: TokenLimit;
}
