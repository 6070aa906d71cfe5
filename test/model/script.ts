import fc from 'fast-check';

/** One use of a session, by the name of a method or property; `perform.ts` has a few more names. */
export interface Step {
  readonly use: string;
  readonly args: readonly unknown[];
}

/** One request of a script. */
export interface Visit {
  /** The visitor whose browser sends the request. */
  readonly visitor: 0 | 1;
  /** The time since the previous request, in ms. */
  readonly afterMs: number;
  readonly prefetch: boolean;
  /** The form that the request sends. */
  readonly form: Readonly<Record<string, unknown>> | null;
  readonly steps: readonly Step[];
  /** Whether the handler throws at the end. */
  readonly fails: boolean;
}

/** What two visitors do, one request after the other. */
export type Script = readonly Visit[];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const KEYS = ['a', 'b', 'c', 'a.b', 'a.c', 'b.0', 'b.1', 'a.b.c', 'b.0.a', 'c.d'];
const ODD_KEYS = ['__proto__', 'a.constructor', 'prototype.b', '', 'b.x', 'b.7'];

const plain = fc.constantFrom<unknown[]>(0, 1, 7, -2.5, false, true, '', 'text', null);
const nested = fc.constantFrom<unknown[]>({ a: 1 }, { b: { c: [1] } }, [[1], 2], { c: { d: 3 } }, [{ a: 2 }]);
const value = fc.oneof(
  plain,
  fc.array(plain, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), plain, { maxKeys: 2 }),
  nested,
);
const user = fc.constantFrom<unknown[]>('ann', 'bob', 7, '7', 0, '', null, [1]);
const amount = fc.constantFrom(1, 2, -3, 0.5, 0);

/** How an object is mutated in place, or what an updater does: by name, so that a script can be printed. */
const trick = fc.constantFrom('add', 'empty', 'wrap', 'nothing', 'remove');

const seldom = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, times: number): fc.Arbitrary<T> =>
  fc.oneof({ weight: times - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** A use with one of these names and these arguments. */
const uses = (names: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Step> =>
  fc.record({ use: fc.constantFrom(...names.split(' ')), args: fc.tuple(...args) });

interface Kinds {
  readonly all: readonly fc.Arbitrary<Step>[];
  readonly removing: fc.Arbitrary<Step>;
  readonly mutating: fc.Arbitrary<Step>;
  readonly flashing: fc.Arbitrary<Step>;
  readonly reloading: fc.Arbitrary<Step>;
}

/** What requests do, by kind, with keys out of a few. */
function kinds(someOf: readonly string[]): Kinds {
  const key = seldom(fc.constantFrom(...someOf), fc.constantFrom(...ODD_KEYS), 60);
  const keys = fc.oneof(key, fc.array(key, { maxLength: 3 }));
  const several = fc.dictionary(key, value, { maxKeys: 2 });
  const reading = fc.oneof(
    uses('get getMade', key),
    uses('get', key, value),
    uses('get all'),
    uses('has hasAny exists missing only except', keys),
  );
  const putting = fc.oneof(
    uses('put set', key, value),
    uses('put set merge', several),
    uses('merge', fc.dictionary(key, several, { maxKeys: 2 })),
    uses('remember', key, value),
    uses('update', key, trick),
    uses('push', key, value),
    uses('increment decrement', key),
    uses('increment decrement', key, amount),
    uses('reset', several),
  );
  const removing = fc.oneof(
    uses('pull', key),
    uses('pull', key, value),
    uses('forget delete', keys),
    uses('flush clear delete'),
  );
  const mutating = fc.oneof(
    uses('mutate', key, trick),
    uses('mutateLast', trick),
    // Copies in one direction only: a cycle cannot be stored at all.
    uses('copy', fc.constantFrom('a', 'a.b', 'a.c'), fc.constantFrom('b', 'c')),
    uses('copy', fc.constantFrom('b', 'b.0'), fc.constant('c')),
  );
  const flashing = fc.oneof(
    uses('flash now', key, value),
    uses('flash now', several),
    uses('reflash'),
    uses('keep', keys),
    uses('flashAll'),
    uses('flashOnly flashExcept', keys),
  );
  const readingFlash = fc.oneof(
    uses('flashMessages.get old', key),
    uses('flashMessages.get old', key, value),
    uses('flashMessages.has', key),
    uses('flashMessages.all flashMessages.isEmpty'),
  );
  const storing = fc.oneof(uses('save commit initiate start'), uses('callback', fc.constant('save')));
  const reloading = fc.oneof(uses('reload touch'), uses('callback', fc.constantFrom('reload', 'touch')));
  const lasting = fc.oneof(
    uses('setDuration', fc.constantFrom<unknown[]>('1h', 30 * MINUTE, '3h', 0, 'soon')),
    uses('permanent'),
    uses('permanent', several),
  );
  const moving = fc.oneof(
    uses('regenerate roll invalidate destroy forget'),
    uses('callback', fc.constantFrom('regenerate', 'destroy')),
  );
  const signingIn = fc.oneof(
    uses('signIn', user),
    uses(
      'signIn',
      user,
      fc.record({ remember: fc.constantFrom<unknown[]>(true, false, '1h', '3h', 'soon') }),
    ),
    uses('signOut'),
    uses('put set', fc.constant('userId'), user),
    uses('forget pull', fc.constant('userId')),
    uses('userId signedInAt handle'),
    uses('intended'),
    uses('intended', fc.constantFrom('/', '/a?b=1', '//b.example', 'https://b.example/', '')),
  );
  const asking = fc.oneof(
    uses('id sessionId handle userId signedInAt fresh stored isEmpty isModified initiated ready readonly'),
    uses('duration expiresAt createdAt'),
    uses('setPassport', fc.constantFrom<unknown[]>({ user: 'ada' }, undefined)),
  );
  const all = [
    reading,
    putting,
    removing,
    mutating,
    flashing,
    readingFlash,
    storing,
    reloading,
    lasting,
    moving,
    signingIn,
    asking,
  ];
  return { all, removing, mutating, flashing, reloading };
}

const switching = uses(
  'switch',
  fc.constantFrom('setId', 'setSignedId'),
  fc.constantFrom('mine', 'other', 'former', 'left', 'unknown', 'generated', 'forged'),
  fc.boolean(),
);

/** The users whose sessions are listed and ended. */
export const LISTED_USERS = ['ann', 'bob', '7'];

const listing = fc.oneof(
  uses('list endOthers', fc.constantFrom(...LISTED_USERS)),
  uses('signIn', fc.constantFrom<unknown[]>('ann', 'bob', 7)),
);

const form = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'password', '_csrf'),
  fc.constantFrom('x', 'y', ''),
  {
    maxKeys: 3,
  },
);

/** Most requests of a browser follow within a minute; some come just before or after something expires. */
const pause = fc.oneof(
  fc.constantFrom(0, 1, 20_000, 30_000),
  fc.constantFrom(MINUTE - 1, MINUTE, 10 * MINUTE, HOUR, 2 * HOUR - 1, 2 * HOUR, 24 * HOUR),
);

const visit = (step: fc.Arbitrary<Step>): fc.Arbitrary<Visit> =>
  fc.record({
    visitor: seldom(fc.constant<0 | 1>(0), fc.constant<0 | 1>(1), 4),
    afterMs: pause,
    prefetch: seldom(fc.constant(false), fc.constant(true), 8),
    form: seldom(fc.constant(null), form, 4),
    fails: seldom(fc.constant(false), fc.constant(true), 10),
    steps: fc.array(step, { maxLength: 8, size: 'max' }),
  });

/**
 * Scripts of one to five requests with up to eight uses each. Each script is limited to a few keys and kinds of uses,
 * so that they interfere with each other.
 */
export function scripts(more: { switches: boolean; lists: boolean }): fc.Arbitrary<Script> {
  return fc.shuffledSubarray(KEYS, { minLength: 2, maxLength: 4 }).chain((keys) => {
    const { all, mutating, flashing, reloading } = kinds(keys);
    const isClear = (some: readonly fc.Arbitrary<Step>[]): boolean => {
      const drawsAll = (...these: fc.Arbitrary<Step>[]) => these.every((each) => some.includes(each));
      // The outcome of mutating a message depends on who else holds the object, which the design does not specify.
      // A session that was invalidated, and then ended as one of the user's others, is gone for a reload: its changes
      // are dropped, as if another request had ended it.
      return !drawsAll(mutating, flashing) && !drawsAll(listing, reloading);
    };
    return fc
      .shuffledSubarray([...all, ...(more.switches ? [switching] : []), ...(more.lists ? [listing] : [])], {
        minLength: 2,
      })
      .filter(isClear)
      .chain((some) => fc.array(visit(fc.oneof(...some)), { minLength: 1, maxLength: 5, size: 'max' }));
  });
}

/** Scripts of a few requests that flash messages, remove some, and keep some. */
export function flashScripts(): fc.Arbitrary<Script> {
  return fc.shuffledSubarray(KEYS, { minLength: 1, maxLength: 2 }).chain((keys) => {
    const { removing, flashing } = kinds(keys);
    const step = fc.oneof(
      { weight: 4, arbitrary: flashing },
      { weight: 2, arbitrary: removing },
      uses('reflash commit reload'),
    );
    return fc.array(visit(step), { minLength: 3, maxLength: 5 });
  });
}

/** A script as readable text. */
export function written(script: Script): string {
  return script
    .map(({ visitor, afterMs, prefetch, form: sent, steps, fails }) => {
      const head = [
        `visitor ${visitor}`,
        ...(afterMs > 0 ? [`${afterMs} ms later`] : []),
        ...(prefetch ? ['prefetch'] : []),
        ...(sent === null ? [] : [`form ${JSON.stringify(sent)}`]),
      ].join(', ');
      const lines = steps.map(
        ({ use, args }) => `  ${use}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
      );
      return [head, ...lines, ...(fails ? ['  throws'] : [])].join('\n');
    })
    .join('\n');
}
