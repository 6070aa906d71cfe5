import { type SessionEventName, onSessionEvent } from 'nestjs-session-kit';
import type { StartVariant } from './variant.js';

const EVENTS: Readonly<Record<SessionEventName, true>> = {
  begun: true,
  loaded: true,
  committed: true,
  merged: true,
  moved: true,
  'signed-in': true,
  'signed-out': true,
  ended: true,
  expired: true,
  refused: true,
  'old-secret': true,
  'store-failed': true,
  'store-recovered': true,
};

/** The same application with a listener for every event. */
export function heard(start: StartVariant): StartVariant {
  return async (place) => {
    for (const name of Object.keys(EVENTS).filter(isEvent)) onSessionEvent(name, () => undefined);
    return start(place);
  };
}

function isEvent(name: string): name is SessionEventName {
  return Object.hasOwn(EVENTS, name);
}
