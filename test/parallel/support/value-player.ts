import { deepStrictEqual, ok } from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { SessionValueError } from '../../../lib/session.errors.js';
import { parseRecord, rememberRecord } from '../../../lib/state/recent-payloads.js';
import { type Draft, SessionState } from '../../../lib/state/session-state.js';
import type { Values } from '../../../lib/state/values.js';
import { ValueModel } from './value-model.js';
import {
  Cyclic,
  RequestObjects,
  isPresent,
  mutate,
  plain,
  rememberedOf,
  updaterOf,
} from './value-objects.js';
import type { Turn, ValueStep } from './value-steps.js';

const BEGIN: Values = { a: { n: 1, list: [{ n: 1 }], in: { n: 1 } }, n: 1, 'x.y': 1 };

let stores = 0;

/** The record of one session, whose payload requests share as in a process that serves them all. */
class Store {
  readonly #id = `values-${(stores += 1)}`;
  #record = { payload: JSON.stringify({ v: 1, n: 1, c: 0, d: BEGIN }), version: 1 };

  get version(): number {
    return this.#record.version;
  }

  read() {
    const { payload: text, version } = this.#record;
    const parsed = parseRecord(this.#id, this.#record, JSON);
    ok(parsed.kind === 'session');
    deepStrictEqual(parsed.payload, JSON.parse(text), 'what requests share differs from what is stored');
    return { payload: parsed.payload, text, version };
  }

  write(draft: Draft): void {
    this.#record = { payload: draft.text, version: this.version + 1 };
    rememberRecord(this.#id, this.version, draft);
  }
}

/** Plays one request, on a session and on its model. */
class ValuePlayer {
  readonly model: ValueModel;
  readonly #store: Store;
  readonly #objects: RequestObjects;
  #state: SessionState;
  #version: number;
  #draft: { readonly draft: Draft; readonly view: Values; readonly entries: number } | null = null;
  /** Whether its changes did not fit those of others. Then it has nothing more to do. */
  #isOver = false;

  constructor(store: Store, objects: RequestObjects, modelObjects: RequestObjects) {
    this.#store = store;
    this.#objects = objects;
    const { payload, text, version } = store.read();
    this.#state = SessionState.loaded(JSON, payload, text, true);
    this.#version = version;
    this.model = new ValueModel(payload.d, modelObjects);
  }

  play(step: ValueStep, n: number): void {
    if (this.#isOver) return;
    if (step.op === 'reload') return this.#reload();
    if (step.op === 'draft') return this.#begin();
    if (step.op === 'commit') return this.#commit();
    const outcomes = [() => this.#perform(step, n), () => this.model.perform(step, n)].map(outcomeOf);
    deepStrictEqual(outcomes[0] === null, outcomes[1] === null, outcomes.join(' '));
    this.#compare('after the step');
  }

  #compare(when: string): void {
    deepStrictEqual(plain(this.#state.readonlyValues), plain(this.model.view), `the values ${when}`);
  }

  #reload(): void {
    const { payload, text, version } = this.#store.read();
    this.#state = this.#state.reloaded(payload, text);
    this.#version = version;
    this.#draft = null;
    this.model.reload(payload.d);
  }

  #begin(): void {
    if (this.#draft !== null) return;
    this.model.adopt();
    if (this.#state.hasChanges) this.#makeDraft();
  }

  /** If the values cannot be stored, all changes stay pending. */
  #makeDraft(): void {
    this.#draft = null;
    try {
      const draft = this.#state.draft(undefined, undefined);
      this.#draft = { draft, view: plain(this.model.view), entries: this.model.entries.length };
    } catch (error) {
      if (!(error instanceof SessionValueError)) throw error;
    }
  }

  #commit(): void {
    const { model } = this;
    this.#begin();
    if (!this.#state.hasChanges) deepStrictEqual(plain(model.view), model.base, 'a change was not noticed');
    if (this.#draft === null) return;
    if (this.#version !== this.#store.version) this.#merge();
    if (this.#draft === null) return;
    const { draft, view, entries } = this.#draft;
    this.#draft = null;
    this.#store.write(draft);
    this.#version = this.#store.version;
    this.#state.onStored(draft);
    deepStrictEqual(this.#store.read().payload.d, view, 'the values in the store');
    model.base = view;
    model.entries = model.entries.slice(entries);
    this.#compare('after the commit');
  }

  #merge(): void {
    const { payload, text, version } = this.#store.read();
    this.model.adopt();
    const outcomes = this.model.outcomesOn(payload.d);
    try {
      this.#state.rebase(payload, text);
    } catch (error) {
      if (outcomes.some((outcome) => outcome instanceof Error)) this.#isOver = true;
      else throw error;
      this.#draft = null;
      return;
    }
    const merged = plain(this.#state.readonlyValues);
    const serial = outcomes.find((outcome) => isDeepStrictEqual(outcome, merged));
    if (serial === undefined) deepStrictEqual(merged, outcomes[0], 'the merged values');
    this.#version = version;
    this.model.merged(merged, payload.d);
    this.#makeDraft();
  }

  #perform(step: ValueStep, n: number): void {
    const state = this.#state;
    const objects = this.#objects;
    switch (step.op) {
      case 'put':
      case 'push':
      case 'assign':
        return state[step.op](step.path, objects.given(step.given, n));
      case 'merge':
      case 'reset':
        return state[step.op](objects.givenAll(step.values, n));
      case 'increment':
        return void state.increment(step.path, n);
      case 'forget':
        return state.forget(step.path);
      case 'keepOnly':
        return state.keepOnly([step.path]);
      case 'pull':
        objects.held = state.pull(step.path);
        return;
      case 'flush':
        return state.flush();
      case 'update':
        return state.update(step.path, updaterOf(step.returned, n));
      case 'remember':
        if (!isPresent(state.read(step.path))) state.update(step.path, rememberedOf(step.returned, n));
        return;
      case 'hold':
        objects.held = state.read(step.path);
        return;
      case 'mutate':
        return mutate(state.read(step.path), n, step.deep);
      case 'mutateHeld':
        return mutate(objects.held, n, step.deep);
      case 'mutateOwn':
        return mutate(objects.own, n, step.deep);
      case 'draft':
      case 'commit':
      case 'reload':
      // `play` does this.
    }
  }
}

/** The error of a call, or null. */
function outcomeOf(call: () => void): Error | null {
  try {
    call();
    return null;
  } catch (error) {
    if (error instanceof Cyclic || !(error instanceof Error)) throw error;
    return error;
  }
}

/** The objects of several requests, each of which knows those of the others. */
function objectsOf(requests: number): RequestObjects[] {
  const all: RequestObjects[] = [];
  for (let index = 0; index < requests; index += 1) all.push(new RequestObjects(all));
  return all;
}

/**
 * Plays the turns of parallel requests on one session; at the end, all of them commit. Each commit has to store, and
 * each request to read, what its changes make of what was stored before.
 */
export function playTurns(requests: number, turns: readonly Turn[]): void {
  const store = new Store();
  const models = objectsOf(requests);
  const players = objectsOf(requests).map(
    (objects, index) => new ValuePlayer(store, objects, models[index] ?? new RequestObjects()),
  );
  const ends = players.map((_, who): Turn => ({ who, step: { op: 'commit' } }));
  try {
    [...turns, ...ends].forEach(({ who, step }, index) => {
      for (const { model } of players) model.note();
      players[who]?.play(step, 10 + index);
      players.forEach(({ model }, other) => other !== who && model.noticeOthers());
    });
  } catch (error) {
    if (!(error instanceof Cyclic)) throw error;
  }
}
