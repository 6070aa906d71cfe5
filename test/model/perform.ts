import { RequestSession } from 'nestjs-session-kit';
import { sessionContext } from '../../lib/session/session.context.js';
import type { Step } from './script.js';

/** The outcome of a step, as JSON, since that is what a session stores. */
export type Outcome = { readonly value?: unknown } | { readonly error: string };

/** The real session or the model's, with the same method names. */
export interface Subject {
  get(key: string): unknown;
  put(key: string, value: unknown): unknown;
  readonly flashMessages: object;
}

/** What a step does beside calling the session; in other ways for the real one and the model's. */
export interface Beside {
  switchTo(how: string, which: string, readonly: boolean): unknown;
  /** What a list of the user's devices shows, apart from their names. */
  list(user: string): Promise<readonly Device[]> | readonly Device[];
  /** Ends the user's sessions except this one; returns how many ended. */
  endOthers(user: string): Promise<number> | number;
}

/** A session as lists show it. */
export interface Device {
  readonly createdAt: number;
  readonly signedInAt: number | null;
  readonly expiresAt: number;
}

/** Performs the steps of one request, on the real session or on the model's. */
export class Performer {
  /** The object last obtained or passed in, which the application may mutate later. */
  #last: unknown = null;

  constructor(
    private readonly subject: Subject,
    private readonly beside: Beside,
  ) {}

  async perform({ use, args }: Step): Promise<Outcome> {
    try {
      const value = await this.#use(
        use,
        args.map((arg) => unshared(arg)),
      );
      if (value === this.subject) return { value: 'the session' };
      // A snapshot of this moment.
      return JSON.parse(JSON.stringify({ value })) as Outcome;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { error: error.name };
    }
  }

  #use(use: string, args: unknown[]): unknown {
    const [first, second] = args;
    switch (use) {
      case 'getMade':
        return this.#noted(this.#call(this.subject, 'get', [first, () => 'made']));
      case 'remember':
        return this.#noted(this.#call(this.subject, 'remember', [first, () => this.#noted(second)]));
      case 'update':
        return this.#call(this.subject, 'update', [first, UPDATERS[String(second)]]);
      case 'mutate':
        mutate(this.#noted(this.#call(this.subject, 'get', [first])), String(second));
        return undefined;
      case 'mutateLast':
        mutate(this.#last, String(first));
        return undefined;
      case 'copy':
        return this.#call(this.subject, 'put', [second, this.#call(this.subject, 'get', [first]) ?? null]);
      case 'callback':
        return new Promise((resolve) => {
          this.#call(this.subject, String(first), [
            (error?: unknown) => resolve(error instanceof Error ? error.name : 'no error'),
          ]);
        });
      case 'setPassport':
        return Reflect.set(
          (this.subject instanceof RequestSession && sessionContext.getStore()?.expressSession) ||
            this.subject,
          'passport',
          first,
        );
      case 'switch':
        return this.beside.switchTo(String(first), String(second), args[2] === true);
      case 'list':
        return this.#list(String(first));
      case 'endOthers':
        return this.beside.endOthers(String(first));
      default:
        for (const arg of args) this.#noted(arg);
        return this.#noted(
          use.startsWith('flashMessages.')
            ? this.#call(this.subject.flashMessages, use.slice('flashMessages.'.length), args)
            : this.#call(this.subject, use, args),
        );
    }
  }

  /** In an order of its own: which of two is the latest is not certain within a millisecond. */
  async #list(user: string): Promise<string[]> {
    const devices = await this.beside.list(user);
    return devices
      .map(({ createdAt, signedInAt, expiresAt }) => JSON.stringify({ createdAt, signedInAt, expiresAt }))
      .toSorted();
  }

  #call(on: object, name: string, args: unknown[]): unknown {
    const member: unknown = Reflect.get(on, name);
    return typeof member === 'function' ? (Reflect.apply(member, on, args) as unknown) : member;
  }

  #noted(value: unknown): unknown {
    if (typeof value === 'object' && value !== null && value !== this.subject && !(value instanceof Promise))
      this.#last = value;
    return value;
  }
}

/** A copy in which no object occurs twice. */
const unshared = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

/** Mutates an object from a session as an application might. */
function mutate(object: unknown, trick: string): void {
  if (typeof object !== 'object' || object === null) return;
  if (Array.isArray(object)) {
    if (trick === 'add') object.push(9);
    else if (trick === 'empty') object.length = 0;
    else if (trick === 'wrap') object.push([9]);
    else if (trick === 'remove') object.shift();
    return;
  }
  const [firstKey] = Object.keys(object);
  if (trick === 'add') Reflect.set(object, 'm', 9);
  else if (trick === 'wrap') Reflect.set(object, 'd', { m: [9] });
  else if (trick === 'remove' && firstKey !== undefined) Reflect.deleteProperty(object, firstKey);
  else if (trick === 'empty') for (const key of Object.keys(object)) Reflect.deleteProperty(object, key);
}

const UPDATERS: Record<string, (current: unknown) => unknown> = {
  add: (current) => {
    if (typeof current !== 'object' || current === null) return typeof current === 'number' ? current + 1 : 1;
    mutate(current, 'add');
    return current;
  },
  empty: (current) => (Array.isArray(current) ? [] : {}),
  wrap: (current) => ({ b: current ?? null }),
  nothing: (current) => current,
  remove: () => undefined,
};
