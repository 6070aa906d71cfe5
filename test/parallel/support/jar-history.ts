import fc from 'fast-check';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** What one request does to its session. */
export const DEEDS = [
  'read',
  'put',
  'grow',
  'growMore',
  'shrink',
  'signIn',
  'remember',
  'signOut',
  'destroy',
  'regenerate',
  'touch',
  'shorten',
  'lengthen',
  'permanent',
] as const;
export type Deed = (typeof DEEDS)[number];

/** How an application is deployed. */
export interface Deployment {
  readonly driver: 'memory' | 'stealth' | 'ledger';
  readonly encrypt: boolean;
  /** The name of the cookie: the default, another one, or one for each host. */
  readonly name: 'default' | 'sid' | 'tenant';
  readonly path: '/' | '/shop';
  /** Whether the cookie has a domain. */
  readonly hasDomain: boolean;
  readonly clearWithBrowser: boolean;
  readonly header: boolean;
}

/** A request. */
export interface VisitStep {
  readonly kind: 'visit';
  readonly visitor: number;
  readonly process: number;
  readonly host: 'www.shop.test' | 'api.shop.test';
  /** Paths below `/other` are those of a second application on the same hosts. */
  readonly path: '/' | '/shop' | '/other';
  /** Whether the visitor's client uses its header, if the application has one. */
  readonly byHeader: boolean;
  readonly deed: Deed;
  /** Whether the response arrives at once, after others, or never. */
  readonly response: 'arrives' | 'late' | 'lost';
}

export type Step =
  | VisitStep
  /** One of the late responses arrives. */
  | { readonly kind: 'arrival'; readonly which: number }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'closeBrowser'; readonly visitor: number }
  | { readonly kind: 'redeploy'; readonly change: Partial<Deployment> }
  /** A new secret comes before the others, or all but the newest are dropped. */
  | { readonly kind: 'secret'; readonly how: 'add' | 'drop' }
  /** Somebody sends a copy of cookies, or of a header, that a visitor had. */
  | { readonly kind: 'replay'; readonly which: number; readonly process: number };

export interface History {
  readonly isSecure: boolean;
  readonly ageMs: number;
  readonly touchEveryMs: number;
  /** Whether the stores remove a version in one step, or leave tombstones. */
  readonly removesVersions: boolean;
  readonly first: Deployment;
  /** How the second application is deployed; its cookie's path is `/other`. */
  readonly other: Deployment['driver'];
  readonly steps: readonly Step[];
}

const usually = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: others.length, arbitrary: fc.constantFrom(...others) },
  );

const deployment: fc.Arbitrary<Deployment> = fc.record({
  driver: fc.constantFrom('memory', 'stealth', 'ledger'),
  encrypt: fc.boolean(),
  name: usually<Deployment['name']>('default', 'sid', 'tenant'),
  path: usually<Deployment['path']>('/', '/shop'),
  hasDomain: fc.boolean(),
  clearWithBrowser: usually(false, true),
  header: fc.boolean(),
});

const change: fc.Arbitrary<Partial<Deployment>> = deployment.chain((next) =>
  fc
    .shuffledSubarray(Object.keys(next), { maxLength: 2 })
    .map((some) => Object.fromEntries(Object.entries(next).filter(([key]) => some.includes(key)))),
);

/** Each history has a few deeds and kinds of responses, so that they interfere with each other. */
const visits = (deeds: readonly Deed[], hosts: readonly VisitStep['host'][]): fc.Arbitrary<VisitStep> =>
  fc.record({
    kind: fc.constant('visit' as const),
    visitor: usually(0, 1),
    process: usually(0, 1),
    host: fc.constantFrom(...hosts),
    path: usually<VisitStep['path']>('/shop', '/', '/other'),
    byHeader: usually(false, true),
    deed: fc.constantFrom(...deeds),
    response: usually<VisitStep['response']>('arrives', 'late', 'lost'),
  });

const pauses = fc.constantFrom(
  1,
  SECOND,
  29 * SECOND,
  31 * SECOND,
  MINUTE,
  11 * MINUTE,
  HOUR,
  2 * HOUR - 1,
  2 * HOUR,
  25 * HOUR,
);

const steps = (visit: fc.Arbitrary<VisitStep>): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 20, arbitrary: visit },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('arrival' as const), which: fc.nat(99) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: pauses }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('closeBrowser' as const), visitor: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('redeploy' as const), change }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('secret' as const), how: fc.constantFrom('add', 'drop') }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('replay' as const), which: fc.nat(99), process: fc.nat(1) }),
    },
  );

const manySteps: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.shuffledSubarray([...DEEDS], { minLength: 2, maxLength: 5 }),
    fc.shuffledSubarray<VisitStep['host']>(['www.shop.test', 'api.shop.test'], { minLength: 1 }),
  )
  .chain(([deeds, hosts]) =>
    fc.array(steps(visits(['put', ...deeds], hosts)), { minLength: 4, maxLength: 24, size: 'max' }),
  );

export const histories: fc.Arbitrary<History> = fc.record({
  isSecure: fc.boolean(),
  ageMs: usually(2 * HOUR, 90 * SECOND),
  touchEveryMs: usually(MINUTE, 0, HOUR),
  removesVersions: fc.boolean(),
  first: deployment,
  other: fc.constantFrom('memory', 'stealth', 'ledger'),
  steps: manySteps,
});
