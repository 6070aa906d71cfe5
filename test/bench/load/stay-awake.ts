import { closeSync, openSync, writeSync } from 'node:fs';

/** Linux's PM QoS interface: as long as it is held open with a zero in it, no processor sleeps while it has nothing to do. */
const LATENCY = '/dev/cpu_dma_latency';

export interface Awake {
  /** Whether the system did as it was asked. */
  readonly held: boolean;
  release(): void;
}

/**
 * Keeps processors from sleeping between two requests. A server that answers more slowly than the load asks lets the
 * load's processor fall asleep before each response, and pays for waking it when it writes to the socket: on a virtual
 * machine that is ten microseconds a response, more than some of what is measured here, and only the bare application
 * is quick enough to be spared it.
 */
export function stayAwake(): Awake {
  let file: number;
  try {
    file = openSync(LATENCY, 'w');
    writeSync(file, Buffer.alloc(4));
  } catch {
    // Another system, or nobody who may ask for it: the table says so.
    return { held: false, release: () => undefined };
  }
  return { held: true, release: () => closeSync(file) };
}
