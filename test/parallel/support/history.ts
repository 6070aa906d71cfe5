import fc from 'fast-check';

const COUNTERS = ['count', 'visits'] as const;
const LISTS = ['list', 'cart.lines'] as const;
const TEXTS = ['name', 'theme'] as const;
const OBJECTS = ['profile', 'cart'] as const;
const MESSAGES = ['status', 'error'] as const;
const LOGS = ['log'] as const;
const KEYS = [...COUNTERS, 'list', ...TEXTS, ...OBJECTS, ...LOGS] as const;

/** One step of a request. Values are not drawn: each change stores a unique one. */
export type Step =
  | { readonly op: 'put'; readonly key: string }
  | { readonly op: 'update'; readonly key: string }
  | { readonly op: 'increment'; readonly key: string; readonly by: number }
  | { readonly op: 'push'; readonly key: string }
  | { readonly op: 'forget'; readonly key: string }
  | { readonly op: 'flash'; readonly key: string }
  | { readonly op: 'mutate'; readonly key: string }
  | { readonly op: 'touch'; readonly waits: boolean }
  | { readonly op: 'flush' | 'keep' | 'regenerate' | 'invalidate' | 'destroy' | 'save' };

/** What one request does, and which process of the application serves it. */
export interface RequestPlan {
  readonly process: number;
  /** Whether the request reads all values before it changes any. */
  readonly looks: boolean;
  readonly steps: readonly Step[];
}

export type History = readonly RequestPlan[];

const key = <K extends string>(keys: readonly K[]) => fc.constantFrom(...keys);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('put'), key: key(TEXTS) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('put'), key: key(OBJECTS) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('update'), key: key(LOGS) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('increment'),
      key: key(COUNTERS),
      by: fc.integer({ min: -3, max: 9 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('push'), key: key(LISTS) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('forget'), key: key([...KEYS, ...MESSAGES]) }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('flash'), key: key(MESSAGES) }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('mutate'), key: key([...OBJECTS, 'list']) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('keep') }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('save') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('touch'), waits: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('flush') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('regenerate') }) },
);

/** Ends the session, in some histories only: otherwise hardly any would get past it. */
const ending: fc.Arbitrary<Step> = fc.record({ op: fc.constantFrom('destroy', 'invalidate') });

/** Up to 8 parallel requests on one session, each with up to 6 changes. */
export function histories(processes: number): fc.Arbitrary<History> {
  const plan = (each: fc.Arbitrary<Step>): fc.Arbitrary<RequestPlan> =>
    fc.record({
      process: fc.nat({ max: processes - 1 }),
      looks: fc.boolean(),
      steps: fc.array(each, { minLength: 1, maxLength: 6 }),
    });
  const calm = fc.array(plan(step), { minLength: 2, maxLength: 8 });
  const withEnding = fc.array(
    plan(fc.oneof({ weight: 12, arbitrary: step }, { weight: 1, arbitrary: ending })),
    { minLength: 2, maxLength: 8 },
  );
  return fc.oneof({ weight: 3, arbitrary: calm }, { weight: 2, arbitrary: withEnding });
}
