import { type Channel, channel } from 'node:diagnostics_channel';
import type { SessionEventName, SessionEvents } from './session-events.js';

/** What the names of all channels begin with. */
export const CHANNEL_PREFIX = 'nestjs-session-kit:';

/** The channel of one event. */
class EventChannel<N extends SessionEventName> {
  readonly #channel: Channel;

  constructor(name: N) {
    this.#channel = channel(CHANNEL_PREFIX + name);
  }

  /** Whether anybody listens. To be asked before anything is done for a message. */
  get isHeard(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(message: SessionEvents[N]): void {
    this.#channel.publish(message);
  }
}

/** The channels of all events. */
export const CHANNELS: { readonly [N in SessionEventName]: EventChannel<N> } = {
  begun: new EventChannel('begun'),
  loaded: new EventChannel('loaded'),
  committed: new EventChannel('committed'),
  merged: new EventChannel('merged'),
  moved: new EventChannel('moved'),
  'signed-in': new EventChannel('signed-in'),
  'signed-out': new EventChannel('signed-out'),
  ended: new EventChannel('ended'),
  expired: new EventChannel('expired'),
  refused: new EventChannel('refused'),
  'old-secret': new EventChannel('old-secret'),
  'store-failed': new EventChannel('store-failed'),
  'store-recovered': new EventChannel('store-recovered'),
};
