import { systemClock } from '../drivers/clock.js';
import { Lifetimes } from '../lifecycle/lifetimes.js';
import type { SessionLog, SessionRuntime } from '../lifecycle/session-runtime.js';
import { StoreFaults } from '../lifecycle/store-faults.js';
import { TokenLimit } from '../lifecycle/token-limit.js';
import { isProduction } from '../options/production.js';
import type { SessionSettings } from './session.settings.js';

/** What all sessions of an application share. */
export function sessionRuntime(settings: SessionSettings, log: SessionLog): SessionRuntime {
  const { keyring, serializer, userKey, cookie } = settings;
  return {
    clock: systemClock,
    keyring,
    serializer,
    log,
    faults: new StoreFaults(log, systemClock),
    lifetimes: new Lifetimes(systemClock, { ...settings, absoluteAge: settings.absoluteAge ?? Infinity }),
    degrade: settings.whenStoreFails === 'degrade',
    userKey,
    tokenLimit: new TokenLimit(cookie.maxTokenLength, serializer, isProduction() ? null : log),
  };
}
