import type { Profiler } from 'node:inspector';

/** What the benchmark asks a server, outside of what it measures. */
export type Question = 'cpu' | 'statements' | 'start profile' | 'stop profile';

/** What a server tells by itself: that it listens, and on which port. */
export interface Listening {
  readonly port: number;
}

export interface Answers {
  /** CPU time of the process so far, user and system, in microseconds. */
  cpu: number;
  /** Statements sent to a database so far; counted only by servers started for that. */
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
