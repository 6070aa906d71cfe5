import fc from 'fast-check';

/** A change that a message or a request makes. Values are not drawn: each change stores a unique one. */
export const WRITES = [
  'push',
  'push inside',
  'increment',
  'put',
  'put own',
  'update',
  'mutate',
  'flash',
] as const;

export type WriteKind = (typeof WRITES)[number];

/** What needs a cookie, so that a message cannot do it. */
export const REFUSED = ['regenerate', 'invalidate', 'signIn', 'signOut', 'setId'] as const;

/** How a message's handler ends. */
const ENDINGS = ['return', 'throw', 'reject', 'stream', 'leave'] as const;

/** What changes a session's id, or ends it. */
export const MOVES = [
  'regenerate',
  'signIn',
  'signOut',
  'destroy',
  'manager destroy',
  'message destroy',
] as const;

export type Move = (typeof MOVES)[number];

export type Action =
  | {
      readonly do: 'message';
      readonly visitor: number;
      readonly socket: number;
      /** How many turns of the event loop pass before the changes. */
      readonly late: number;
      readonly writes: readonly WriteKind[];
      readonly refused: (typeof REFUSED)[number] | null;
      readonly ending: (typeof ENDINGS)[number];
      readonly form: number;
    }
  | {
      /** A job, which uses `SessionManager.run`: in the process of the sockets if `form` is odd. */
      readonly do: 'job';
      readonly visitor: number;
      readonly late: number;
      readonly writes: readonly WriteKind[];
      readonly refused: (typeof REFUSED)[number] | null;
      readonly ending: 'return' | 'reject';
      readonly form: number;
    }
  | {
      readonly do: 'request';
      readonly visitor: number;
      readonly late: number;
      readonly writes: readonly WriteKind[];
      /** How it is asked, where there are several ways: the kind of a GraphQL operation. */
      readonly form: number;
    }
  | {
      readonly do: 'move';
      readonly visitor: number;
      readonly socket: number;
      readonly late: number;
      readonly move: Move;
    };

/** Actions that happen at once. */
export interface Round {
  /** Visitors who first connect another socket. */
  readonly connecting: readonly number[];
  readonly actions: readonly Action[];
}

export interface SocketHistory {
  /** How many turns of the event loop each call of the store takes, over and over. */
  readonly turns: readonly number[];
  readonly rounds: readonly Round[];
}

export const VISITORS = 2;
export const FORMS = 4;

const visitor = fc.nat(VISITORS - 1);
const socket = fc.nat(2);
const late = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) });
const form = fc.nat(FORMS - 1);
const writes = fc.array(fc.constantFrom(...WRITES), { maxLength: 3 });

const refused = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom(...REFUSED) },
);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('message' as const),
      visitor,
      socket,
      late,
      writes,
      refused,
      ending: fc.oneof(
        { weight: 3, arbitrary: fc.constant('return' as const) },
        { weight: 2, arbitrary: fc.constantFrom(...ENDINGS) },
      ),
      form,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('job' as const),
      visitor,
      late,
      writes,
      refused,
      ending: fc.constantFrom('return' as const, 'return' as const, 'reject' as const),
      form,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('request' as const), visitor, late, writes, form }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      visitor,
      socket,
      late,
      move: fc.constantFrom(...MOVES),
    }),
  },
);

const round: fc.Arbitrary<Round> = fc.record({
  connecting: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(visitor, { minLength: 1, maxLength: 2 }) },
  ),
  actions: fc.oneof(
    { weight: 1, arbitrary: fc.array(action, { minLength: 1, maxLength: 1 }) },
    { weight: 2, arbitrary: fc.array(action, { minLength: 2, maxLength: 6 }) },
  ),
});

export const socketHistories: fc.Arbitrary<SocketHistory> = fc.record({
  turns: fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }),
  rounds: fc.array(round, { minLength: 2, maxLength: 7 }),
});
