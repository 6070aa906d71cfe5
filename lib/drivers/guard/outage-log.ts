import type { Clock } from '../clock.js';
import type { SessionLog } from '../session-log.js';

/** So many outages of a store are told of within a minute. */
const MOST_OUTAGES = 4;
const MINUTE_MS = 60_000;
/** Of so many causes of one outage it is told. */
const MOST_CAUSES = 3;

/**
 * The lines for the operator: one when a store begins to fail, one for each further cause of the same outage, up to two, when it
 * is first met, and one when it is back. Of a store that comes and goes, the fourth
 * outage within a minute says so; those after it are counted, and the first call once a minute has passed since the first says how
 * many there were and how the store is now. So no outage goes without a line, and there are no more than nine lines a minute, and
 * two for each outage told of whose causes change.
 */
export class OutageLog {
  readonly #name: string;
  readonly #log: SessionLog;
  readonly #clock: Clock;
  /** When it was said that the store fails, the latest few times. */
  readonly #saidAt: number[] = [];
  /** What the last line said. */
  #saidFailing = false;
  /** Outages since the last line that no line has told of. */
  #untold = 0;
  /** Why the store fails, as far as the lines of this outage have said it. */
  readonly #causes = new Set<string>();

  /** @param name of the driver */
  constructor(name: string, log: SessionLog, clock: Clock) {
    this.#name = name;
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * A call failed.
   *
   * @param message what happened, without anything secret
   * @param cause the same text for what an operator mends in the same way
   * @param isFirst whether the store was well before
   */
  fails(message: string, cause: string, isFirst: boolean): void {
    if (isFirst) this.#untold += 1;
    if (!this.#hasRoom) return;
    if (this.#untold === 0) return this.#failsAlso(message, cause);
    this.#causes.clear();
    this.#causes.add(cause);
    this.#saidAt.push(this.#clock.now());
    if (this.#saidAt.length > MOST_OUTAGES) this.#saidAt.shift();
    const further = isFirst ? this.#untold - 1 : this.#untold;
    const next = this.#hasRoom
      ? 'Said once; the next line will say that it is back.'
      : 'It comes and goes: the next line, within a minute, will say how often it has failed until then, and how it is.';
    this.#saidFailing = true;
    this.#log.error(`${message}${this.#counted(further)} ${next}`);
  }

  #failsAlso(message: string, cause: string): void {
    if (this.#causes.has(cause) || this.#causes.size === MOST_CAUSES) return;
    this.#causes.add(cause);
    this.#log.error(`It is another reason now: ${message} Said once.`);
  }

  /** The store is well: with each call that says so. */
  isWell(): void {
    if (!this.#saidFailing || !this.#hasRoom) return;
    this.#saidFailing = false;
    // At the level `warn`: an application that logs no lower level has been told that the store fails, and has to see this too.
    this.#log.warn(`The session store "${this.#name}" is back.${this.#counted(this.#untold)}`);
  }

  #counted(outages: number): string {
    this.#untold = 0;
    return outages === 0 ? '' : ` Further outages since the last line: ${outages}.`;
  }

  get #hasRoom(): boolean {
    const [earliest] = this.#saidAt;
    return (
      this.#saidAt.length < MOST_OUTAGES ||
      earliest === undefined ||
      this.#clock.now() - earliest >= MINUTE_MS
    );
  }
}
