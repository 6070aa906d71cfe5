import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConsumesFlash } from '../../lib/state/flash-aging.js';
import { type FlashBatch, type Payload, parsePayload } from '../../lib/state/payload.js';
import { type Draft, SessionState } from '../../lib/state/session-state.js';

function payloadOf(f: FlashBatch[], n: number): Payload {
  return { v: 1, n, c: 0, d: {}, f };
}

/** A request that loaded the session as write `n` left it. */
function load(batches: FlashBatch[] = [], n = 0, consumes: ConsumesFlash = true): SessionState {
  const payload = payloadOf(batches, n);
  return SessionState.loaded(JSON, payload, JSON.stringify(payload), consumes);
}

/** Rebases a state on write `n`, which other requests stored first. */
function rebase(state: SessionState, batches: FlashBatch[], n: number): void {
  const payload = payloadOf(batches, n);
  state.rebase(payload, JSON.stringify(payload));
}

function draft(state: SessionState): Draft {
  return state.draft(undefined, undefined);
}

const batchesOf = ({ payload }: Draft): FlashBatch[] => payload.f ?? [];

/** Stores the changes of a state as the next write. */
function store(state: SessionState): FlashBatch[] {
  const stored = draft(state);
  state.onStored(stored);
  return batchesOf(stored);
}

/** The messages that a request sees when it loads the session now. */
function seenBy(batches: FlashBatch[], n: number): unknown {
  return load(batches, n).flash.previous;
}

describe('the flash messages of a request', () => {
  it('are aged by a request that saw them, and by no other', () => {
    const state = load([[3, { a: 1 }]], 3);
    const newest: FlashBatch[] = [
      [3, { a: 1 }],
      [4, { b: 2 }],
    ];
    rebase(state, newest, 4);
    expect(store(state)).toEqual([[4, { b: 2 }]]);
  });

  it('are merged in one place only if one object was flashed in two', () => {
    // As a serializer returns it that keeps references, such as devalue.
    const line = { title: 'Tea' };
    const batches: FlashBatch[] = [
      [3, { line, lines: [line], last: line }],
      [4, { line: { price: 2 } }],
    ];
    expect(seenBy(batches, 4)).toEqual({
      line: { title: 'Tea', price: 2 },
      lines: [{ title: 'Tea' }],
      last: { title: 'Tea' },
    });
    expect(line).toEqual({ title: 'Tea' });
  });

  it('are merged when two requests flash under one name', () => {
    const batches: FlashBatch[] = [
      [3, { errors: { title: 'missing' }, old: ['a'] }],
      [4, { errors: { price: 'too low' }, old: ['b'] }],
    ];
    expect(seenBy(batches, 4)).toEqual({ errors: { title: 'missing', price: 'too low' }, old: ['b'] });
    expect(batches[0]?.[1]).toEqual({ errors: { title: 'missing' }, old: ['a'] });
  });

  it('can be removed after they were stored', () => {
    const state = load();
    state.flash.flash('errors.title', 'missing');
    state.flash.flash('errors.price', 'too low');
    expect(seenBy(store(state), 1)).toEqual({ errors: { title: 'missing', price: 'too low' } });
    expect(state.hasChanges).toBe(false);
    state.flash.forget('errors.title');
    expect(state.hasChanges).toBe(true);
    expect(seenBy(store(state), 2)).toEqual({ errors: { price: 'too low' } });
    expect(state.hasChanges).toBe(false);
    state.flash.clear();
    expect(state.hasChanges).toBe(true);
    expect(store(state)).toEqual([]);
    expect(state.hasChanges).toBe(false);
  });

  it('can be removed while they are being stored', () => {
    const state = load();
    state.flash.flash('a', 1);
    const underWay = draft(state);
    state.flash.clear();
    state.onStored(underWay);
    expect(batchesOf(underWay)).toEqual([[1, { a: 1 }]]);
    expect(state.hasChanges).toBe(true);
    expect(store(state)).toEqual([]);
  });

  it('stay removed if the write that contained them failed', () => {
    const state = load();
    state.flash.flash('a', 1);
    state.flash.flash('b', 2);
    draft(state);
    state.flash.forget('a');
    expect(seenBy(store(state), 1)).toEqual({ b: 2 });
  });

  it('are replaced, not merged, when one request flashes a name again after a commit', () => {
    const state = load();
    state.flash.flash('errors', { title: 'missing' });
    store(state);
    state.flash.flash('errors', { price: 'too low' });
    expect(seenBy(store(state), 2)).toEqual({ errors: { price: 'too low' } });
  });

  it('keep their number after a commit, so that a request that saw them ages them', () => {
    const state = load();
    state.flash.flash('a', 1);
    const first = store(state);
    const reader = load(first, 1);
    state.flash.flash('b', 2);
    rebase(reader, store(state), 2);
    expect(seenBy(store(reader), 3)).toEqual({ b: 2 });
  });

  it('can be kept for another request, but do not replace what this request flashed under their name', () => {
    const state = load([[1, { a: 'old', b: 'old' }]], 1);
    state.flash.flash('a', 'new');
    state.flash.keep();
    expect(seenBy(store(state), 2)).toEqual({ a: 'new', b: 'old' });
    state.flash.keep();
    expect(seenBy(store(state), 3)).toEqual({ a: 'new', b: 'old' });
  });

  it('are merged if a write failed between two of them', () => {
    const state = load();
    state.flash.flash('errors.title', 'missing');
    draft(state);
    state.flash.flash('errors.price', 'too low');
    rebase(state, [[1, { status: 'Saved.' }]], 1);
    expect(seenBy(store(state), 2)).toEqual({
      status: 'Saved.',
      errors: { title: 'missing', price: 'too low' },
    });
  });

  it('change neither the object that the application flashed nor a pending draft', () => {
    const errors = { title: 'missing', rows: [{ sku: 'tea' }] };
    const state = load([[1, { errors }]], 1);
    state.flash.flash('first', errors);
    state.flash.flash('second', errors);
    state.flash.flash('second.rows.0.sku', 'mug');
    const underWay = draft(state);
    state.onStored(underWay);
    state.flash.flash('first.title', 'too long');
    state.flash.keep(['errors.title']);
    state.flash.forget('second.rows');
    expect(JSON.stringify(underWay.payload)).toBe(underWay.text);
    expect(errors).toEqual({ title: 'missing', rows: [{ sku: 'tea' }] });
    expect(seenBy(store(state), 3)).toEqual({
      first: { title: 'too long', rows: [{ sku: 'tea' }] },
      second: { title: 'missing' },
      errors: { title: 'missing' },
    });
  });

  it('reappear when the session is reloaded after their removal, and can be removed again', () => {
    const state = load();
    state.flash.flash('a', 1);
    state.flash.flash('b', 2);
    const stored = draft(state);
    state.onStored(stored);
    state.flash.forget('a');
    const again = state.reloaded(stored.payload, stored.text);
    expect([again.flash.all(), again.hasChanges]).toEqual([{ a: 1, b: 2 }, false]);
    again.flash.forget('b');
    expect(seenBy(store(again), 2)).toEqual({ a: 1 });
  });

  it('stay for the visitor beside what a job flashes, which sees none', () => {
    const job = load([[1, { a: 1 }]], 1, 'hidden');
    job.flash.flash('a', 2);
    expect(store(job)).toEqual([
      [1, { a: 1 }],
      [2, { a: 2 }],
    ]);
  });

  it('cause no commit when one for the current request is removed', () => {
    const state = load();
    state.flash.now('a', 1);
    expect([state.flash.forget('a'), state.hasChanges, state.modified]).toEqual([true, false, false]);
  });

  it('that stay until read are dropped completely by a reload and by clear', () => {
    const state = load([[1, { status: 'Saved.' }]], 1);
    state.flash.append('a', ['kept']);
    const again = state.reloadedFromText() ?? state;
    again.flash.flash('a.x', 1);
    expect(store(again)).toEqual([[2, { a: { x: 1 } }]]);
    state.flash.clear();
    state.flash.flash('a.x', 1);
    expect(store(state)).toEqual([[2, { a: { x: 1 } }]]);
  });

  it('that stay until read have literal names with dots, and hide a field at that path', () => {
    const state = load();
    state.flash.flashFields({ form: { error: 'typed', title: 'Tea' } });
    state.flash.flash('form.note', 'mine');
    state.flash.append('form.error', ['Wrong.']);
    expect(state.flash.read('form.error')).toEqual(['Wrong.']);
    expect(state.flash.read('form')).toEqual({ title: 'Tea', note: 'mine' });
    const shown = { form: { title: 'Tea', note: 'mine' }, 'form.error': ['Wrong.'] };
    expect(state.flash.all()).toEqual(shown);
    expect(seenBy(store(state), 2)).toEqual(shown);
  });

  it('that stay until read remove the field they hide from its object', () => {
    const state = load();
    state.flash.flashFields({ form: { error: 'typed', title: 'Tea' } });
    state.flash.append('form.error', ['Wrong.']);
    expect(state.flash.read('form')).toEqual({ title: 'Tea' });
  });

  type Step = (state: SessionState) => void;
  const path = fc.constantFrom('a', 'b', 'a.x', 'a.y', 'c');
  const value = fc.constantFrom(0, 'text', { x: 1 }, { y: 2, z: { w: 3 } });
  const flash = fc.tuple(path, value).map(
    ([at, each]): Step =>
      (state) =>
        state.flash.flash(at, each),
  );
  // Not under "a": a list has no place for what others flash at "a.x".
  const appendUnder = (...names: string[]) =>
    fc.tuple(fc.constantFrom(...names), value).map(
      ([name, each]): Step =>
        (state) =>
          state.flash.append(name, [each]),
    );
  const forget = path.map(
    (at): Step =>
      (state) =>
        state.forget(at),
  );
  const flush = fc.constant<Step>((state) => state.flush());
  const step: fc.Arbitrary<Step> = fc.oneof(
    flash,
    appendUnder('a.x', 'b', 'c', 'd'),
    forget,
    flush,
    fc.constantFrom('b', 'd').map(
      (name): Step =>
        (state) =>
          void state.flash.forget(name, 'take'),
    ),
    fc.dictionary(fc.constantFrom('a', 'b', 'f'), value).map(
      (fields): Step =>
        (state) =>
          state.flash.flashFields(fields),
    ),
    path.map(
      (at): Step =>
        (state) =>
          state.flash.keep([at]),
    ),
    fc.constant<Step>((state) => state.flash.keep()),
  );
  const write = fc.constant<Step>((state) => void store(state));
  const writing = fc.oneof(step, write);
  const first = fc.array(writing, { maxLength: 6 });

  const before: FlashBatch[] = [
    [1, { a: { x: 'old' }, c: 'old' }, { b: 'old', f: { x: 'old' } }],
    [2, { b: ['unread'], d: ['unread'] }, {}, ['b', 'd']],
  ];

  /** Two requests that have performed the same steps. */
  function two(steps: Step[]): readonly [SessionState, SessionState] {
    const pair = [load(before, 2), load(before, 2)] as const;
    for (const state of pair) for (const each of steps) each(state);
    return pair;
  }

  const outcome = (state: SessionState): unknown => [state.hasChanges, store(state), state.flash.all()];

  it('have the same outcome as if a failed write between them had not been tried', () => {
    fc.assert(
      fc.property(first, fc.array(writing, { maxLength: 6 }), (steps, then) => {
        const [state, untried] = two(steps);
        draft(state);
        for (const each of then) for (const one of [state, untried]) each(one);
        expect(outcome(state)).toEqual(outcome(untried));
      }),
      { numRuns: 300 },
    );
  });

  it('have the same outcome during a write as after it', () => {
    fc.assert(
      fc.property(first, fc.array(step, { maxLength: 6 }), (steps, meanwhile) => {
        const [state, after] = two(steps);
        const underWay = draft(state);
        for (const each of meanwhile) each(state);
        state.onStored(underWay);
        store(after);
        for (const each of meanwhile) each(after);
        expect(outcome(state)).toEqual(outcome(after));
      }),
      { numRuns: 300 },
    );
  });

  it('are left by a request that must not use them up as it saw them in the end', () => {
    const append = appendUnder('b', 'c', 'd', 'e.f');
    const changes = fc.array(fc.oneof(flash, append, forget, flush, write), { maxLength: 6 });
    fc.assert(
      fc.property(changes, (steps) => {
        const state = load(before, 2, false);
        for (const each of steps) each(state);
        expect(seenBy(store(state), 9)).toEqual(state.flash.all());
      }),
      { numRuns: 300 },
    );
  });

  it('are checked for ageing only if there are any, and not before a commit', () => {
    let asked = 0;
    const ages = () => {
      asked += 1;
      return true;
    };
    expect(load([], 3, ages).hasChanges).toBe(false);
    const state = load([[3, { a: 1 }]], 3, ages);
    expect([state.flash.previous, state.modified, asked]).toEqual([{ a: 1 }, false, 0]);
    expect([state.hasChanges, store(state)]).toEqual([true, []]);
  });
});

describe('messages that stay until they are read', () => {
  it('stay without the fields that were flashed beside them', () => {
    const state = load([[1, { a: ['kept'] }, { name: 'Ada' }, ['a']]], 1);
    expect(state.flash.agingDue).toBe(true);
    expect(store(state)).toEqual([[1, { a: ['kept'] }, {}, ['a']]]);
  });

  it('are stored up to the latest fifty of all requests that added some', () => {
    const thirty = Array.from({ length: 30 }, (_, index) => index);
    const state = load([[1, { a: thirty }, {}, ['a']]], 1);
    state.flash.append('a', thirty);
    expect(store(state)).toEqual([
      [1, { a: thirty.slice(-20) }, {}, ['a']],
      [2, { a: thirty }, {}, ['a']],
    ]);
  });

  it('make a message stay to which one is added', () => {
    const state = load([[1, { a: ['first'] }]], 1);
    state.flash.append('a', ['second']);
    const unread = store(state);
    expect(seenBy(store(load(unread, 2)), 3)).toEqual({ a: ['first', 'second'] });
  });
});

describe('messages that stay until they are read, under two names of which one leads into the other,', () => {
  it('are each shown once', () => {
    const batches: FlashBatch[] = [
      [1, { a: ['first'] }, {}, ['a']],
      [2, { a: ['second'], 'a.0': ['third'] }, {}, ['a', 'a.0']],
    ];
    expect(seenBy(batches, 2)).toEqual({ a: ['first', 'second'], 'a.0': ['third'] });
  });
});

describe('the fields of a form', () => {
  it('are stored apart from messages, and read together with them', () => {
    const state = load();
    state.flash.flash('status', 'Not saved.');
    state.flash.flashFields({ name: 'Ada', 'errors.name': 'typed' });
    state.flash.flash('errors', { name: 'Too short.' });
    const batches = store(state);
    expect(batches).toEqual([[1, { status: 'Not saved.', errors: { name: 'Too short.' } }, { name: 'Ada' }]]);
    expect(seenBy(batches, 1)).toEqual({ name: 'Ada', status: 'Not saved.', errors: { name: 'Too short.' } });
  });

  it('are read from the messages of an older record, written before they were stored apart', () => {
    const text = JSON.stringify({
      v: 1,
      n: 2,
      c: 0,
      d: {},
      f: [[2, { status: 'Saved.', 'user.name': 'Ada' }]],
    });
    const parsed = parsePayload(text, JSON);
    const batches = parsed.kind === 'session' ? (parsed.payload.f ?? []) : [];
    const state = load(batches, 2);
    expect([state.flash.read('status'), state.flash.read('user.name')]).toEqual(['Saved.', 'Ada']);
    state.flash.keep();
    expect(seenBy(store(state), 3)).toEqual({ status: 'Saved.', 'user.name': 'Ada' });
  });

  it.each([[[1, {}, null]], [[1, {}, 'text']], [[1, null]], [['1', {}]]])(
    'make a record corrupt if they are malformed: %j',
    (batch) => {
      const text = JSON.stringify({ v: 1, n: 2, c: 0, d: {}, f: [batch] });
      expect(parsePayload(text, JSON).kind).toBe('corrupt');
    },
  );

  it('are replaced by those flashed later, stored or pending, while earlier ones that were kept stay', () => {
    const state = load([[1, { status: 'old' }, { name: 'Ada', note: 'old' }]], 1);
    state.flash.keep();
    state.flash.flashFields({ name: 'Grace', card: '1' });
    store(state);
    state.flash.flashFields({ name: 'Grace', card: '2' });
    draft(state);
    state.flash.flashFields({ name: 'Grace' });
    const batches = store(state);
    expect(seenBy(batches, 3)).toEqual({ status: 'old', name: 'Grace', note: 'old' });
    state.flash.flashFields({});
    expect(state.hasChanges).toBe(true);
    expect(seenBy(store(state), 4)).toEqual({ status: 'old', name: 'Ada', note: 'old' });
  });

  it('of two requests are merged, and messages of both take precedence', () => {
    const batches: FlashBatch[] = [
      [3, { errors: { a: 1 } }, { name: 'Ada', 'errors.b': 'typed' }],
      [4, { errors: { b: 2 }, name: 'mine' }, { city: 'London' }],
    ];
    expect(seenBy(batches, 4)).toEqual({ errors: { a: 1, b: 2 }, name: 'mine', city: 'London' });
  });

  it('can be removed one by one and all together', () => {
    const state = load();
    state.flash.flashFields({ name: 'Ada', 'user.city': 'London', note: 'x' });
    store(state);
    state.flash.forget('absent');
    expect(state.hasChanges).toBe(false);
    state.flash.forget('user.city');
    expect(state.hasChanges).toBe(true);
    expect(seenBy(store(state), 2)).toEqual({ name: 'Ada', note: 'x' });
    state.flash.flash('name', 'mine');
    state.flash.forget('name');
    state.flash.flashFields({ name: 'Grace', note: 'y' });
    expect([state.flash.read('name'), state.flash.isEmpty]).toEqual(['Grace', false]);
    state.flash.clear();
    expect([state.flash.all(), state.flash.isEmpty, store(state)]).toEqual([{}, true, []]);
  });
});
