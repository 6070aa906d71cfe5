import { type SessionEventName, type SessionEvents, onSessionEvent } from 'nestjs-session-kit';

/** All session events. */
export const EVENTS = [
  'begun',
  'loaded',
  'committed',
  'merged',
  'moved',
  'signed-in',
  'signed-out',
  'ended',
  'expired',
  'refused',
  'old-secret',
  'store-failed',
  'store-recovered',
] as const satisfies readonly SessionEventName[];

/** An event that was heard, with its name. */
export type Heard = { [N in SessionEventName]: { readonly name: N } & SessionEvents[N] }[SessionEventName];

/** Listens to all events until disposed. */
export class HeardEvents implements Disposable {
  readonly #heard: Heard[] = [];
  readonly #stops = EVENTS.map((name) => this.#listen(name));

  #listen(name: SessionEventName): () => void {
    return onSessionEvent(name, (message) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a message goes with its name, which the compiler does not follow
      this.#heard.push({ name, ...message } as Heard);
    });
  }

  /** Returns the events since the last call. */
  take(): Heard[] {
    return this.#heard.splice(0);
  }

  /** Returns the names of the events since the last call. */
  names(): string[] {
    return this.take().map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }
}
