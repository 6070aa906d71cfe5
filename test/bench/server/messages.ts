import type { Profiler } from 'node:inspector';

/** Questions to a server, asked outside of measurements. */
export type Question = 'cpu' | 'statements' | 'start profile' | 'stop profile';

/** A server's message that it listens, and on which port. */
export interface Listening {
  readonly port: number;
}

export interface Answers {
  /** CPU time of the process so far, user and system, in microseconds. */
  cpu: number;
  /** Statements sent to a database so far; counted only if requested at start. */
  statements: number;
  'start profile': null;
  'stop profile': Profiler.Profile;
}

export interface Ask {
  readonly id: number;
  readonly question: Question;
}

export interface Reply {
  readonly id: number;
  readonly answer: unknown;
}
