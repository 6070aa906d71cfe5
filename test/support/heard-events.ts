import { type SessionEventName, type SessionEvents, onSessionEvent } from 'nestjs-session-kit';

/** Every event there is. */
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

/** What was heard, in order. */
export type Heard = { [N in SessionEventName]: { readonly name: N } & SessionEvents[N] }[SessionEventName];

/** Listens to all events until it is disposed of. */
export class HeardEvents implements Disposable {
  readonly #heard: Heard[] = [];
  readonly #stops = EVENTS.map((name) => this.#listen(name));

  #listen(name: SessionEventName): () => void {
    return onSessionEvent(name, (message) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a message goes with its name, which the compiler does not follow
      this.#heard.push({ name, ...message } as Heard);
    });
  }

  /** What was heard since last time. */
  take(): Heard[] {
    return this.#heard.splice(0);
  }

  /** The names of what was heard since last time. */
  names(): string[] {
    return this.take().map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }
}
