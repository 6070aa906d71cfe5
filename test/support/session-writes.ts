import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Session } from 'nestjs-session-kit';

/** Something that the code of an application does with its session. */
export interface Write {
  readonly do:
    | 'put'
    | 'increment'
    | 'push'
    | 'forget'
    | 'mutate'
    | 'flash'
    | 'regenerate'
    | 'invalidate'
    | 'destroy'
    | 'switch'
    | 'commit'
    | 'read';
  /** How the code gets at its session. */
  readonly by: 'facade' | 'property';
  readonly key: string;
}

/** What a part of an application does when it is called. */
export interface Deeds<W = Write> {
  /** How many turns of the event loop pass first. */
  readonly late: number;
  readonly writes: readonly W[];
}

const ASYNC: readonly Write['do'][] = ['destroy', 'switch', 'commit'];
const NEEDING_A_COOKIE: readonly Write['do'][] = ['regenerate', 'invalidate', 'destroy', 'switch'];

const write: fc.Arbitrary<Write> = fc.record({
  do: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('put', 'increment', 'push', 'mutate', 'flash') },
    { weight: 1, arbitrary: fc.constantFrom('forget', 'read', 'commit') },
    { weight: 1, arbitrary: fc.constantFrom('regenerate', 'invalidate', 'destroy', 'switch') },
  ),
  by: fc.constantFrom('facade', 'property'),
  key: fc.constantFrom('a', 'b'),
});

/** What one part of an application does beside its deeds. */
export interface Part<Kind extends string, W = Write> extends Deeds<W> {
  readonly kind: Kind;
}

/** Mostly nothing, so that a failing history stays short. */
export const deedsOf = <W>(each: fc.Arbitrary<W>): fc.Arbitrary<Deeds<W>> =>
  fc.record({
    late: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
    ),
    writes: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 2, arbitrary: fc.array(each, { minLength: 1, maxLength: 3 }) },
    ),
  });

export const deeds = deedsOf(write);

export const NOTHING: Deeds = { late: 0, writes: [] };

export const isSync = (each: Write): boolean => !ASYNC.includes(each.do);

/** Whether these deeds are done before the code that does them goes on. */
export function areSync({ late, writes }: Deeds): boolean {
  return late === 0 && writes.every(isSync);
}

/** Waits for some turns of the event loop. */
export async function pass(turns: number): Promise<void> {
  for (let times = 0; times < turns; times += 1) await turn();
}

type Values = Record<string, unknown>;

/** What a visitor's session holds, told from the writes alone. */
export class ExpectedSession {
  values: Values = {};
  /** Flashed for the request that is running, and by it. */
  shown: Values = {};
  flashed: Values = {};
  hasSwitched = false;

  /** The session that `switch` switches to is known by its values. */
  constructor(readonly other: Values = {}) {}

  /** What a request reads now. */
  get readable(): Values {
    return { ...this.shown, ...this.flashed, ...this.values };
  }

  perform({ do: what, key }: Write, id: number): void {
    const { values } = this;
    switch (what) {
      case 'put':
        values[`put ${key}`] = id;
        break;
      case 'increment':
        values[`count ${key}`] = Number(values[`count ${key}`] ?? 0) + 1;
        break;
      case 'push':
        values[`list ${key}`] = [...((values[`list ${key}`] ?? []) as unknown[]), id];
        break;
      case 'mutate':
        values[`object ${key}`] = { ...(values[`object ${key}`] as object | undefined), [`of ${id}`]: true };
        break;
      case 'forget':
        Reflect.deleteProperty(values, `put ${key}`);
        break;
      case 'flash':
        this.flashed[`flash ${key}`] = id;
        break;
      case 'invalidate':
      case 'destroy':
        [this.values, this.shown, this.flashed] = [{}, {}, {}];
        break;
      case 'switch':
        [this.values, this.shown, this.flashed] = [structuredClone(this.other), {}, {}];
        this.hasSwitched = true;
        break;
      default:
    }
  }

  /** @param isShown whether the request could show flash messages */
  requestEnds(isShown: boolean): void {
    this.shown = { ...(isShown ? {} : this.shown), ...this.flashed };
    this.flashed = {};
  }
}

/** What is known of one request while it runs. */
export interface RequestNotes {
  /** Undefined in an application without sessions: deeds then only take their time. */
  readonly expected: ExpectedSession | undefined;
  readonly livesInCookie: boolean;
  /** The id of a session to switch to. */
  readonly otherId: string;
  /** Which parts were called. */
  readonly called: string[];
  /** What must not happen. */
  readonly problems: unknown[];
}

interface AnyRequest {
  readonly raw?: object;
  readonly session?: unknown;
}

export type AnyResponse = ServerResponse | { readonly raw: ServerResponse };

let lastWrite = 0;

export const rawOf = (res: AnyResponse): ServerResponse => ('raw' in res ? res.raw : res);

/** Whether a write may come now: afterwards it is not stored, or refused, as documented. */
function mayStill(notes: RequestNotes, what: Write['do'], res: ServerResponse): boolean {
  if (res.writableEnded || res.destroyed) return false;
  if (what === 'switch' && (notes.otherId === '' || notes.expected?.hasSwitched === true)) return false;
  if (!res.headersSent) return true;
  return !(notes.livesInCookie || NEEDING_A_COOKIE.includes(what) || !Session.current().stored);
}

function performSync(notes: RequestNotes, each: Write, req: AnyRequest): unknown {
  const id = (lastWrite += 1);
  const session = Session.current();
  const property = Object(req.session) as Values & Session;
  const isProperty = each.by === 'property';
  const { key } = each;
  notes.expected?.perform(each, id);
  switch (each.do) {
    case 'put':
      if (isProperty) property[`put ${key}`] = id;
      else Session.put(`put ${key}`, id);
      return;
    case 'increment':
      if (isProperty) property[`count ${key}`] = Number(property[`count ${key}`] ?? 0) + 1;
      else Session.increment(`count ${key}`);
      return;
    case 'push': {
      const list = property[`list ${key}`];
      if (isProperty && Array.isArray(list)) list.push(id);
      else if (isProperty) property[`list ${key}`] = [id];
      else Session.push(`list ${key}`, id);
      return;
    }
    case 'mutate': {
      const object: unknown = isProperty ? property[`object ${key}`] : session.get(`object ${key}`);
      if (typeof object === 'object' && object !== null) Object.assign(object, { [`of ${id}`]: true });
      else session.put(`object ${key}`, { [`of ${id}`]: true });
      return;
    }
    case 'forget':
      if (isProperty) Reflect.deleteProperty(property, `put ${key}`);
      else Session.forget(`put ${key}`);
      return;
    case 'flash':
      (isProperty ? property : session).flash(`flash ${key}`, id);
      return;
    case 'regenerate':
      session.regenerate();
      return;
    case 'invalidate':
      session.invalidate();
      return;
    case 'destroy':
      return session.destroy();
    case 'switch':
      session.setId(notes.otherId);
      return session.start();
    case 'commit':
      return session.commit();
    case 'read': {
      const found = session.all();
      if (notes.expected !== undefined && !isDeepStrictEqual(found, notes.expected.readable))
        notes.problems.push(['read', found, { ...notes.expected.readable }]);
      return;
    }
  }
}

/** Does the deeds of a part. Returns no promise if they are synchronous. */
export function doDeeds(
  notes: RequestNotes,
  name: string,
  part: Deeds,
  req: AnyRequest,
  res: AnyResponse,
): Promise<void> | undefined {
  notes.called.push(name);
  const perform = (each: Write): unknown => {
    if (notes.expected === undefined) return undefined;
    try {
      return mayStill(notes, each.do, rawOf(res)) ? performSync(notes, each, req) : undefined;
    } catch (error) {
      notes.problems.push([name, each, error]);
      return undefined;
    }
  };
  if (areSync(part)) {
    part.writes.forEach(perform);
    return undefined;
  }
  return (async () => {
    await pass(part.late);
    for (const each of part.writes) {
      try {
        await perform(each);
      } catch (error) {
        notes.problems.push([name, each, error]);
      }
    }
  })();
}
