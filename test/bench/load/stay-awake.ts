import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Linux's PM QoS interface: while it is held open with a zero written to it, idle processors do not sleep. */
const LATENCY = '/dev/cpu_dma_latency';

/** Names what puts processors to sleep. Where it is `none`, as on some virtual machines, nothing heeds that interface. */
const IDLE_DRIVER = '/sys/devices/system/cpu/cpuidle/current_driver';

export interface Awake {
  /** Whether the system accepted the request. */
  readonly held: boolean;
  release(): void;
}

/** The table says so. */
const ASLEEP: Awake = { held: false, release: () => undefined };

/**
 * Keeps processors from sleeping between two requests. Otherwise, while a slower server works, the load's processor
 * falls asleep before each response, and the server pays for waking it when it writes to the socket. On a virtual
 * machine that is ten microseconds a response, more than some of what is measured here, and only the bare application
 * is fast enough to avoid it.
 */
export function stayAwake(): Awake {
  let file: number;
  try {
    if (readFileSync(IDLE_DRIVER, 'utf8').trim() === 'none') return ASLEEP;
    file = openSync(LATENCY, 'w');
    writeSync(file, Buffer.alloc(4));
  } catch {
    // Not Linux, or no permission.
    return ASLEEP;
  }
  return { held: true, release: () => closeSync(file) };
}
