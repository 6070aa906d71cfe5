import type { Clock } from '../clock.js';
import type { SessionLog } from '../session-log.js';

/** How many outages of a store are reported within a minute. */
const MOST_OUTAGES = 4;
const MINUTE_MS = 60_000;
/** How many causes of one outage are reported. */
const MOST_CAUSES = 3;

/**
 * Writes the log lines about outages of a store: one when it begins to fail, one for each further cause of the
 * same outage, up to two, and one when it is back. If a store comes and goes, the line of the fourth outage
 * within a minute says so; later outages are only counted, and the first call after that minute reports how
 * many there were and the store's state. So every outage is reported, with at most nine lines a minute, plus
 * two for each reported outage whose causes change.
 */
export class OutageLog {
  readonly #name: string;
  readonly #log: SessionLog;
  readonly #clock: Clock;
  /** When the last few failures were reported. */
  readonly #saidAt: number[] = [];
  /** Whether the last line said that the store fails. */
  #saidFailing = false;
  /** Outages since the last line that are not reported yet. */
  #untold = 0;
  /** The causes that the lines of this outage have reported. */
  readonly #causes = new Set<string>();

  /** @param name of the driver */
  constructor(name: string, log: SessionLog, clock: Clock) {
    this.#name = name;
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Reports a failed call.
   *
   * @param message what happened, without anything secret
   * @param cause the same text for all failures with the same remedy
   * @param isFirst whether the store was healthy before
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

  /**
   * Reports that the store is back, if that is still to be said. Called whenever a call shows that the store is
   * well.
   */
  isWell(): void {
    if (!this.#saidFailing || !this.#hasRoom) return;
    this.#saidFailing = false;
    // At the level `warn`: an application that does not log lower levels has read that the store fails, and has
    // to see this too.
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
