import fc from 'fast-check';

/** What the steps of a history are about. */
interface Scene {
  /** Few, so that they collide. */
  readonly paths: readonly string[];
  /** Top-level keys. */
  readonly keys: readonly string[];
  /** Whether requests hold on to objects, to mutate them in place and to store them again. */
  readonly holdsObjects: boolean;
}

/** Paths into objects, and into lists. There is no `b` when a history begins. One key has a dot in its name. */
const OBJECTS: Scene = {
  paths: ['a', 'a.list', 'a.list.0', 'a.in.n', 'b', 'b.list', 'b.n'],
  keys: ['a', 'b', 'x.y'],
  holdsObjects: true,
};

/** `x.y` is a key, or leads into `x`. */
const DOTTED: Scene = { paths: ['x', 'x.y', 'x.y.n'], keys: ['x', 'x.y'], holdsObjects: false };

/** A value that a request gives to a method. */
export type Given =
  | 'number'
  | 'object'
  | 'list'
  | 'undefined'
  /** An object around instances of a class with a `toJSON`, which no step changes. */
  | 'instance'
  /** The same object each time that the request gives it. */
  | 'own'
  /** What the request has read before (`hold`). */
  | 'held'
  /** What another request has read before. */
  | 'foreign';

/** What the function given to `update` returns. */
export type Returned =
  | 'new'
  | 'mutated'
  | 'current'
  /** An object that it holds on to, where there is no value. */
  | 'constant if missing'
  | 'constant'
  /** A new object with the constant in it, twice. */
  | 'around constant'
  | 'around current'
  | 'undefined'
  | 'undefined after mutating'
  | 'error after mutating';

/** One step of a request on its values. Numbers in them are unique to the step. */
export type ValueStep =
  | { readonly op: 'put' | 'push' | 'assign'; readonly path: string; readonly given: Given }
  | { readonly op: 'merge' | 'reset'; readonly values: Readonly<Record<string, Given>> }
  | { readonly op: 'increment' | 'forget' | 'keepOnly' | 'pull' | 'hold'; readonly path: string }
  | { readonly op: 'update' | 'remember'; readonly path: string; readonly returned: Returned }
  | { readonly op: 'mutate'; readonly path: string; readonly deep: boolean }
  | { readonly op: 'mutateHeld' | 'mutateOwn'; readonly deep: boolean }
  /** `draft` begins a commit, and `commit` ends it: another request may write in between. */
  | { readonly op: 'flush' | 'draft' | 'commit' | 'reload' };

/** A step, and the number of the request that takes it. */
export interface Turn {
  readonly who: number;
  readonly step: ValueStep;
}

const op = <O extends string>(...ops: O[]) => fc.constantFrom(...ops);

const GIVEN: readonly Given[] = ['number', 'object', 'object', 'list', 'undefined'];
const GIVEN_AGAIN: readonly Given[] = ['own', 'own', 'held', 'foreign'];
const RETURNED: readonly Returned[] = ['new', 'current', 'around current', 'undefined'];
const RETURNED_AGAIN: readonly Returned[] = [
  ...(['mutated', 'constant if missing', 'constant', 'around constant'] as const),
  ...(['undefined after mutating', 'error after mutating'] as const),
];

function stepIn({ paths, keys, holdsObjects }: Scene): fc.Arbitrary<ValueStep> {
  const path = fc.constantFrom(...paths);
  const key = fc.constantFrom(...keys);
  const deep = fc.boolean();
  const given = fc.constantFrom(...GIVEN, ...(holdsObjects ? GIVEN_AGAIN : []));
  const returned = fc.constantFrom(...RETURNED, ...(holdsObjects ? RETURNED_AGAIN : []));
  const byPath = fc.dictionary(path, given, { minKeys: 1, maxKeys: 3 });
  const byKey = fc.dictionary(key, given, { minKeys: 1, maxKeys: 3 });
  const ofInstance = { op: op('assign'), path: op('x.y'), given: fc.constant<Given>('instance') };
  const holding: fc.WeightedArbitrary<ValueStep>[] = [
    { weight: 1, arbitrary: fc.record(ofInstance) },
    { weight: 2, arbitrary: fc.record({ op: op('hold'), path }) },
    { weight: 2, arbitrary: fc.record({ op: op('mutate'), path, deep }) },
    { weight: 3, arbitrary: fc.record({ op: op('mutateHeld', 'mutateHeld', 'mutateOwn'), deep }) },
  ];
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ op: op('put', 'push'), path, given }) },
    { weight: 1, arbitrary: fc.record({ op: op('assign'), path: key, given }) },
    { weight: 2, arbitrary: fc.record({ op: op('merge'), values: byPath }) },
    { weight: 1, arbitrary: fc.record({ op: op('reset'), values: byKey }) },
    { weight: 2, arbitrary: fc.record({ op: op('increment', 'forget', 'pull'), path }) },
    { weight: 1, arbitrary: fc.record({ op: op('increment', 'forget', 'keepOnly'), path: key }) },
    { weight: 4, arbitrary: fc.record({ op: op('update', 'update', 'remember'), path, returned }) },
    { weight: 6, arbitrary: fc.record({ op: op('draft', 'commit', 'commit', 'commit') }) },
    { weight: 1, arbitrary: fc.record({ op: op('flush', 'reload') }) },
    ...(holdsObjects ? holding : []),
  );
}

/** The first request reads an object, and its commit is merged with a change of that object. */
const MERGED_BEFORE: readonly Turn[] = [
  { who: 0, step: { op: 'hold', path: 'a' } },
  { who: 1, step: { op: 'increment', path: 'a.in.n' } },
  { who: 1, step: { op: 'commit' } },
  { who: 0, step: { op: 'increment', path: 'n' } },
  { who: 0, step: { op: 'commit' } },
];

/** Turns of this many parallel requests on one session. */
export function turnsOf(requests: number): fc.Arbitrary<Turn[]> {
  const turns = turnsIn(OBJECTS, requests);
  return fc.oneof(
    { weight: 3, arbitrary: turns },
    { weight: 1, arbitrary: turns.map((later) => [...MERGED_BEFORE, ...later]) },
  );
}

/** Turns of parallel requests with a key that may be taken for a path. None holds on to an object. */
export function turnsOnDottedKeys(requests: number): fc.Arbitrary<Turn[]> {
  return turnsIn(DOTTED, requests);
}

function turnsIn(scene: Scene, requests: number): fc.Arbitrary<Turn[]> {
  const turn = fc.record({ who: fc.nat({ max: requests - 1 }), step: stepIn(scene) });
  return fc.array(turn, { minLength: 2, maxLength: 16 });
}
