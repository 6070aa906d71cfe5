import { closeSync, openSync, writeSync } from 'node:fs';

/** Linux's PM QoS interface: while it is held open with a zero written to it, idle processors do not sleep. */
const LATENCY = '/dev/cpu_dma_latency';

export interface Awake {
  /** Whether the system accepted the request. */
  readonly held: boolean;
  release(): void;
}

/**
 * Keeps processors from sleeping between two requests. Otherwise, while a slower server works, the load's processor
 * falls asleep before each response, and the server pays for waking it when it writes to the socket. On a virtual
 * machine that is ten microseconds a response, more than some of what is measured here, and only the bare application
 * is fast enough to avoid it.
 */
export function stayAwake(): Awake {
  let file: number;
  try {
    file = openSync(LATENCY, 'w');
    writeSync(file, Buffer.alloc(4));
  } catch {
    // Not Linux, or no permission: the table says so.
    return { held: false, release: () => undefined };
  }
  return { held: true, release: () => closeSync(file) };
}
