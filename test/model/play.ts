import type { RequestSession } from 'nestjs-session-kit';
import type { HandlerApp } from '../support/handler-app.js';
import { Browser, type SetCookie, receivedCookies } from './browser.js';
import { type Kept, ModelApplication, type Settings } from './model-application.js';
import { type Cookie, ModelVisit } from './model-visit.js';
import { Performer, type Outcome } from './perform.js';
import { expectSame, told } from './report.js';
import type { Script, Visit } from './script.js';

/** A visitor's browser, real and in the model. */
class Person {
  readonly browser = new Browser();
  cookie: { readonly kept: Kept; readonly until: number } | null = null;
}

/** The time of the test. */
export interface Time {
  now(): number;
  advance(ms: number): void;
}

/** What every request reads last. Nothing that hands out an object, which would hide a change that a step missed. */
const ASKED_AT_THE_END = ['fresh', 'stored', 'isEmpty', 'isModified', 'readonly', 'expiresAt'].map((use) => ({
  use,
  args: [],
}));

/** Plays a script on an application and on the model, and expects no difference after any request. */
export class Play {
  readonly #model: ModelApplication;
  readonly #people: readonly [Person, Person] = [new Person(), new Person()];
  /** The real id for each number of the model. */
  readonly #ids = new Map<number, string>();
  /** The real handle for each number of an id that the model made one from. */
  readonly #handles = new Map<number, string>();
  /** The cookie token of each real id. */
  readonly #signed = new Map<string, string>();

  constructor(
    private readonly app: HandlerApp,
    private readonly time: Time,
    settings: Settings,
  ) {
    this.#model = new ModelApplication(settings, () => time.now());
  }

  async play(script: Script): Promise<void> {
    for (const drawn of script) {
      const visit = { ...drawn, steps: [...drawn.steps, ...ASKED_AT_THE_END] };
      this.time.advance(visit.afterMs);
      const said = await this.#visitModel(visit);
      const done = await this.#visit(visit, said);
      expectSame(
        { steps: told(visit, said.outcomes), cookies: said.cookies, records: this.#modelRecords() },
        { steps: told(visit, done.outcomes), cookies: done.cookies, records: await this.#records() },
      );
    }
  }

  async #visitModel({ visitor, prefetch, form, steps }: Visit) {
    const person = this.#people[visitor];
    if (person.cookie !== null && person.cookie.until <= this.time.now()) person.cookie = null;
    const kept = person.cookie === null ? null : this.#live(person.cookie.kept);
    const leadsTo = person.cookie === null ? null : this.#model.ledTo(person.cookie.kept.id);
    const session = new ModelVisit(this.#model, kept, person.cookie !== null, leadsTo, prefetch, form);
    const targets: (number | null)[] = [];
    const performer = new Performer(session, {
      switchTo: (_how, which, readonly) => {
        const target = this.#idOf(visitor, which);
        targets.push(target);
        if (which === 'forged') return false;
        if (which === 'generated') session.switchTo(this.#model.newId(), true, readonly);
        else session.switchTo(target, false, readonly);
        return true;
      },
      list: (user) => this.#model.list(user).map((one) => ({ ...one, signedInAt: this.#signedInAt(one) })),
      endOthers: (user) => this.#model.endOthers(user, session.handleNumber),
    });
    const outcomes: Outcome[] = [];
    const ids: (number | null)[] = [];
    for (const step of steps) {
      outcomes.push(await performer.perform(step));
      ids.push(session.knownId);
    }
    const idBefore = session.knownId;
    const cookie = session.leave();
    // With a ledger, the last commit may move the session, which only its cookie shows.
    const isHidden = idBefore !== null && this.#model.settings.keepsThem === 'in cookies and a ledger';
    ids.push(isHidden ? idBefore : session.knownId);
    if (cookie?.kind === 'expire') person.cookie = null;
    if (cookie?.kind === 'set' && session.kept !== null) {
      person.cookie = {
        kept: session.kept,
        until: this.time.now() + (cookie.maxAgeSeconds ?? Infinity) * 1000,
      };
    }
    return { outcomes, targets, ids, cookies: cookie === null ? [] : [cookie] };
  }

  #idOf(visitor: 0 | 1, which: string): number | null {
    if (which === 'mine') return this.#people[visitor].cookie?.kept.id ?? null;
    if (which === 'other') return this.#people[visitor === 0 ? 1 : 0].cookie?.kept.id ?? null;
    if (which === 'former') return [...this.#ids.keys()].find((id) => this.#model.find(id) === null) ?? null;
    if (which === 'left') return this.#model.lastLeft();
    return null;
  }

  async #switch(
    session: RequestSession,
    number: number | null,
    how: string,
    which: string,
    readonly: boolean,
  ) {
    const id =
      which === 'generated'
        ? await session.generateId()
        : ((number === null ? undefined : this.#ids.get(number)) ?? 'nobody');
    if (which === 'forged') {
      const signed = 'v1.nobody.forged';
      if (session.setSignedId(signed) !== false) throw new Error('took a forged signature');
      // Nothing was switched. Making this session read-only is covered by test/session/read-only.spec.ts.
      await session.start();
      return false;
    }
    const signed = this.#signed.get(id);
    if (how === 'setSignedId' && signed !== undefined) {
      if (session.setSignedId(signed) !== session) throw new Error('refused a good signature');
    } else session.setId(id);
    await session.start(readonly);
    return true;
  }

  #live(kept: Kept): Kept | null {
    if (!kept.isSealed) return this.#model.find(kept.id);
    return kept.expiresAt > this.time.now() ? kept : null;
  }

  async #visit(
    { visitor, prefetch, form, steps, fails }: Visit,
    said: { outcomes: Outcome[]; ids: (number | null)[]; targets: (number | null)[]; cookies: Cookie[] },
  ) {
    const { browser } = this.#people[visitor];
    const outcomes: Outcome[] = [];
    const handler = async (session: RequestSession) => {
      const performer = new Performer(session, {
        switchTo: (how, which, readonly) =>
          this.#switch(session, said.targets.shift() ?? null, how, which, readonly),
        list: (user) => this.app.manager.list(user),
        endOthers: (user) => this.app.manager.endAll(user, { except: session }),
      });
      for (const [at, step] of steps.entries()) {
        outcomes.push(this.#named(await performer.perform(step), said.outcomes[at]));
        this.#meet(said.ids[at] ?? null, session);
      }
      this.#meet(said.ids.at(-1) ?? null, session);
      if (fails) throw new Error('thrown by the handler');
    };
    const cookie = browser.header(this.time.now());
    const { response } = await this.app.visitor().handle(handler, {
      headers: {
        ...(cookie === undefined ? {} : { cookie }),
        ...(prefetch ? { 'sec-purpose': 'prefetch' } : {}),
      },
      ...(form === null ? {} : { body: form }),
      ...(fails ? { status: 500 } : {}),
    });
    const cookies = receivedCookies(response.headers);
    for (const each of cookies) {
      browser.receive(each, this.time.now());
      const [format, id] = each.value.split('.');
      const [expected] = said.cookies;
      if (format === 'v1' && id !== undefined && expected?.id !== undefined)
        learn(this.#ids, expected.id, id);
    }
    return { outcomes, cookies: cookies.map((each) => this.#summary(each)) };
  }

  /** A cookie in the model's terms. */
  #summary({ value, attributes }: SetCookie) {
    const maxAge = attributes['max-age'];
    const maxAgeSeconds = maxAge === undefined ? undefined : Number(maxAge);
    if (value === '') return { kind: 'expire', maxAgeSeconds };
    const number = [...this.#ids].find(([, id]) => value.includes(id))?.[0];
    return { kind: 'set', maxAgeSeconds, ...(number === undefined ? {} : { id: number }) };
  }

  /** Replaces an id by its number in the model, which is assigned when the model first mentions it. */
  #named(outcome: Outcome, expected: Outcome | undefined): Outcome {
    if (expected === undefined || !('value' in outcome) || !('value' in expected)) return outcome;
    const [, kind, digits] = /^(id|handle of id) (\d+)$/.exec(String(expected.value)) ?? [];
    if (kind === undefined || typeof outcome.value !== 'string') return outcome;
    const number = Number(digits);
    const known = kind === 'id' ? this.#ids : this.#handles;
    if (!known.has(number)) learn(known, number, outcome.value);
    return outcome.value === known.get(number) ? expected : outcome;
  }

  #meet(number: number | null, session: RequestSession): void {
    if (number === null) return;
    learn(this.#ids, number, session.id);
    if (this.#model.settings.keepsThem === 'in a store') this.#signed.set(session.id, session.signedId);
  }

  async #records() {
    const records: Record<number, unknown> = {};
    for (const [number, id] of this.#ids) {
      const record = await this.app.manager.read(id);
      if (record === null) continue;
      const { values, expiresAt, createdAt, version, userId, signedInAt } = record;
      const handle = this.#model.records.get(number)?.handle;
      if (handle !== undefined) learn(this.#handles, handle, record.handle);
      records[number] = { values, expiresAt, createdAt, version, userId, signedInAt, handle };
    }
    return records;
  }

  #signedInAt({ signIn, values }: Kept): number | null {
    return this.#model.signedInAt(signIn, values);
  }

  #modelRecords() {
    const records: Record<number, unknown> = {};
    for (const kept of this.#model.records.values()) {
      const { id, values, expiresAt, createdAt, version, handle } = kept;
      if (expiresAt <= this.time.now()) continue;
      const userId = this.#model.userIn(values);
      const signedInAt = this.#signedInAt(kept);
      records[id] = { values, expiresAt, createdAt, version, userId, signedInAt, handle };
    }
    return records;
  }
}

/** Notes the real id or handle for a number of the model. */
function learn(known: Map<number, string>, number: number, name: string): void {
  const before = known.get(number);
  if (before === undefined && [...known.values()].includes(name)) throw new Error(`Given twice: ${number}.`);
  if (before !== undefined && before !== name) throw new Error(`Another one in place of ${number}.`);
  known.set(number, name);
}
