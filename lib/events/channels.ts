import { channel } from 'node:diagnostics_channel';
import type { SessionEventName, SessionEvents } from './session-events.js';

/** The prefix of all channel names. */
export const CHANNEL_PREFIX = 'nestjs-session-kit:';

/** The channel of one event. Check `hasSubscribers` before doing any work for a message. */
interface EventChannel<N extends SessionEventName> {
  readonly hasSubscribers: boolean;
  publish(message: SessionEvents[N]): void;
}

/** The channels of all events. */
export const CHANNELS: { readonly [N in SessionEventName]: EventChannel<N> } = {
  begun: channel(CHANNEL_PREFIX + 'begun'),
  loaded: channel(CHANNEL_PREFIX + 'loaded'),
  committed: channel(CHANNEL_PREFIX + 'committed'),
  merged: channel(CHANNEL_PREFIX + 'merged'),
  moved: channel(CHANNEL_PREFIX + 'moved'),
  'signed-in': channel(CHANNEL_PREFIX + 'signed-in'),
  'signed-out': channel(CHANNEL_PREFIX + 'signed-out'),
  ended: channel(CHANNEL_PREFIX + 'ended'),
  expired: channel(CHANNEL_PREFIX + 'expired'),
  refused: channel(CHANNEL_PREFIX + 'refused'),
  'old-secret': channel(CHANNEL_PREFIX + 'old-secret'),
  'store-failed': channel(CHANNEL_PREFIX + 'store-failed'),
  'store-recovered': channel(CHANNEL_PREFIX + 'store-recovered'),
};
