import { systemClock } from '../drivers/clock.js';
import { TurnQueue } from '../lifecycle/records/turn-queue.js';
import { Lifetimes } from '../lifecycle/lifetimes.js';
import { RecentFates } from '../lifecycle/recent-fates.js';
import type { SessionLog } from '../drivers/session-log.js';
import type { SessionRuntime } from '../lifecycle/session-runtime.js';
import { WatchedSessions } from '../lifecycle/watching/watched-sessions.js';
import { ConsistencyErrors } from '../lifecycle/consistency-errors.js';
import { TokenLimit } from '../lifecycle/sealed/token-limit.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import type { SessionSerializer } from '../state/payload.js';
import { isProduction } from '../options/production.js';
import type { SessionSettings } from './session.settings.js';

/** What all sessions of an application share. */
export function sessionRuntime(settings: SessionSettings, log: SessionLog): SessionRuntime {
  const { serializer, userKey, place, sessionsPerUser, storeTimeout } = settings;
  const watched = new WatchedSessions(systemClock, settings.sockets.checkEvery);
  return {
    clock: systemClock,
    driver: settings.driver,
    keyring: place.keyring,
    serializer,
    log,
    faults: new ConsistencyErrors(log, systemClock),
    lifetimes: new Lifetimes(systemClock, { ...settings, absoluteAge: settings.absoluteAge ?? Infinity }),
    watched,
    fates: new RecentFates(systemClock, watched),
    degrade: settings.whenStoreFails === 'degrade',
    userKey,
    sessionsPerUser: sessionsPerUser && { ...sessionsPerUser, turns: new TurnQueue(storeTimeout / 2) },
    tokenLimit: tokenLimitOf(place, serializer, log),
  };
}

/** The same runtime for tokens in a header or in a tenant's cookie. */
export function runtimeElsewhere(runtime: SessionRuntime, place: TokenPlace): SessionRuntime {
  const { serializer, log } = runtime;
  return { ...runtime, keyring: place.keyring, tokenLimit: tokenLimitOf(place, serializer, log) };
}

function tokenLimitOf(
  { maxTokenLength, words }: TokenPlace,
  serializer: SessionSerializer,
  log: SessionLog,
): TokenLimit {
  return new TokenLimit(maxTokenLength, serializer, isProduction() ? null : log, words);
}
