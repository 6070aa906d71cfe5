import { describe, expect, it } from 'vitest';
import { FlashState } from '../../lib/state/flash-state.js';
import { type FlashBatch, parsePayload } from '../../lib/state/payload.js';

/** Stores what a state has to store, as the next write. */
function store(state: FlashState, stamp: number): FlashBatch[] {
  const batches = state.takeFor(stamp);
  state.stored(batches);
  return batches;
}

/** What a request sees that loads the session now. */
function seenBy(batches: FlashBatch[], stamp: number): unknown {
  return new FlashState(batches, stamp, true).previous;
}

describe('the flash messages of a request', () => {
  it('are aged by a request that saw them, and by no other', () => {
    const state = new FlashState([[3, { a: 1 }]], 3, true);
    state.rebase([
      [3, { a: 1 }],
      [4, { b: 2 }],
    ]);
    expect(state.takeFor(5)).toEqual([[4, { b: 2 }]]);
  });

  it('stand side by side when two requests flashed under one name', () => {
    const batches: FlashBatch[] = [
      [3, { errors: { title: 'missing' }, old: ['a'] }],
      [4, { errors: { price: 'too low' }, old: ['b'] }],
    ];
    expect(seenBy(batches, 4)).toEqual({ errors: { title: 'missing', price: 'too low' }, old: ['b'] });
    expect(batches[0]?.[1]).toEqual({ errors: { title: 'missing' }, old: ['a'] });
  });

  it('can be taken back after they were stored', () => {
    const state = new FlashState([], 0, true);
    state.flash('errors.title', 'missing');
    state.flash('errors.price', 'too low');
    expect(seenBy(store(state, 1), 1)).toEqual({ errors: { title: 'missing', price: 'too low' } });
    expect(state.due).toBe(false);
    state.forget('errors.title');
    expect(state.due).toBe(true);
    expect(seenBy(store(state, 2), 2)).toEqual({ errors: { price: 'too low' } });
    expect(state.due).toBe(false);
    state.clear();
    expect(state.due).toBe(true);
    expect(store(state, 3)).toEqual([]);
    expect(state.due).toBe(false);
  });

  it('can be taken back while they are being stored', () => {
    const state = new FlashState([], 0, true);
    state.flash('a', 1);
    const batches = state.takeFor(1);
    state.clear();
    state.stored(batches);
    expect(batches).toEqual([[1, { a: 1 }]]);
    expect(state.due).toBe(true);
    expect(store(state, 2)).toEqual([]);
  });

  it('stay taken back where the write that carried them failed', () => {
    const state = new FlashState([], 0, true);
    state.flash('a', 1);
    state.flash('b', 2);
    state.takeFor(1);
    state.forget('a');
    state.notStored();
    expect(seenBy(store(state, 1), 1)).toEqual({ b: 2 });
  });

  it('are replaced, and not mixed, when one request flashes a name again after a commit', () => {
    const state = new FlashState([], 0, true);
    state.flash('errors', { title: 'missing' });
    store(state, 1);
    state.flash('errors', { price: 'too low' });
    expect(seenBy(store(state, 2), 2)).toEqual({ errors: { price: 'too low' } });
  });

  it('keep their number after a commit, so that whoever saw them ages them', () => {
    const state = new FlashState([], 0, true);
    state.flash('a', 1);
    const first = store(state, 1);
    const reader = new FlashState(first, 1, true);
    state.flash('b', 2);
    reader.rebase(store(state, 2));
    expect(seenBy(reader.takeFor(3), 3)).toEqual({ b: 2 });
  });

  it('are kept for one request more, but do not replace what this request flashed under their name', () => {
    const state = new FlashState([[1, { a: 'old', b: 'old' }]], 1, true);
    state.flash('a', 'new');
    state.keep();
    expect(seenBy(store(state, 2), 2)).toEqual({ a: 'new', b: 'old' });
    state.keep();
    expect(seenBy(store(state, 3), 3)).toEqual({ a: 'new', b: 'old' });
  });

  it('stand side by side where a write failed between two of them', () => {
    const state = new FlashState([], 0, true);
    state.flash('errors.title', 'missing');
    state.takeFor(1);
    state.flash('errors.price', 'too low');
    state.rebase([[1, { status: 'Saved.' }]]);
    expect(seenBy(store(state, 2), 2)).toEqual({
      status: 'Saved.',
      errors: { title: 'missing', price: 'too low' },
    });
  });

  it('do not change what the application flashed, nor what is on its way', () => {
    const errors = { title: 'missing', rows: [{ sku: 'tea' }] };
    const state = new FlashState([[1, { errors }]], 1, true);
    state.flash('first', errors);
    state.flash('second', errors);
    state.flash('second.rows.0.sku', 'mug');
    const batches = state.takeFor(2);
    const text = JSON.stringify(batches);
    state.stored(batches);
    state.flash('first.title', 'too long');
    state.keep(['errors.title']);
    state.forget('second.rows');
    expect(JSON.stringify(batches)).toBe(text);
    expect(errors).toEqual({ title: 'missing', rows: [{ sku: 'tea' }] });
    expect(seenBy(store(state, 3), 3)).toEqual({
      first: { title: 'too long', rows: [{ sku: 'tea' }] },
      second: { title: 'missing' },
      errors: { title: 'missing' },
    });
  });

  it('are back where they were taken back and the session is loaded once more, and can be taken back again', () => {
    const state = new FlashState([], 0, true);
    state.flash('a', 1);
    state.flash('b', 2);
    const batches = store(state, 1);
    state.forget('a');
    const again = state.reloaded(batches);
    expect([again.all(), again.due]).toEqual([{ a: 1, b: 2 }, false]);
    again.forget('b');
    expect(seenBy(store(again, 2), 2)).toEqual({ a: 1 });
  });

  it('are asked whether they age only where there are any, and not before a commit', () => {
    let asked = 0;
    const ages = () => {
      asked += 1;
      return true;
    };
    expect(new FlashState([], 3, ages).due).toBe(false);
    const state = new FlashState([[3, { a: 1 }]], 3, ages);
    expect([state.previous, state.modified, asked]).toEqual([{ a: 1 }, false, 0]);
    expect([state.due, state.takeFor(4)]).toEqual([true, []]);
  });
});

describe('the fields of a form', () => {
  it('lie apart from messages where they are stored, and are seen with them', () => {
    const state = new FlashState([], 0, true);
    state.flash('status', 'Not saved.');
    state.flashFields({ name: 'Ada', 'errors.name': 'typed' });
    state.flash('errors', { name: 'Too short.' });
    const batches = store(state, 1);
    expect(batches).toEqual([[1, { status: 'Not saved.', errors: { name: 'Too short.' } }, { name: 'Ada' }]]);
    expect(seenBy(batches, 1)).toEqual({ name: 'Ada', status: 'Not saved.', errors: { name: 'Too short.' } });
  });

  it('are found among the messages of a record that was written before they lay apart', () => {
    const text = JSON.stringify({
      v: 1,
      n: 2,
      c: 0,
      d: {},
      f: [[2, { status: 'Saved.', 'user.name': 'Ada' }]],
    });
    const parsed = parsePayload(text, JSON);
    const batches = parsed.kind === 'session' ? (parsed.payload.f ?? []) : [];
    const state = new FlashState(batches, 2, true);
    expect([state.read('status'), state.read('user.name')]).toEqual(['Saved.', 'Ada']);
    state.keep();
    expect(seenBy(store(state, 3), 3)).toEqual({ status: 'Saved.', 'user.name': 'Ada' });
  });

  it.each([[[1, {}, null]], [[1, {}, 'text']], [[1, null]], [['1', {}]]])(
    'of a record that is not as we write it make it unreadable: %j',
    (batch) => {
      const text = JSON.stringify({ v: 1, n: 2, c: 0, d: {}, f: [batch] });
      expect(parsePayload(text, JSON).kind).toBe('corrupt');
    },
  );

  it('are replaced by those flashed later, stored or on their way, and those kept from before stay', () => {
    const state = new FlashState([[1, { status: 'old' }, { name: 'Ada', note: 'old' }]], 1, true);
    state.keep();
    state.flashFields({ name: 'Grace', card: '1' });
    store(state, 2);
    state.flashFields({ name: 'Grace', card: '2' });
    state.takeFor(3);
    state.flashFields({ name: 'Grace' });
    state.notStored();
    const batches = store(state, 3);
    expect(seenBy(batches, 3)).toEqual({ status: 'old', name: 'Grace', note: 'old' });
    state.flashFields({});
    expect(state.due).toBe(true);
    expect(seenBy(store(state, 4), 4)).toEqual({ status: 'old', name: 'Ada', note: 'old' });
  });

  it('of two requests stand side by side, below the messages of both', () => {
    const batches: FlashBatch[] = [
      [3, { errors: { a: 1 } }, { name: 'Ada', 'errors.b': 'typed' }],
      [4, { errors: { b: 2 }, name: 'mine' }, { city: 'London' }],
    ];
    expect(seenBy(batches, 4)).toEqual({ errors: { a: 1, b: 2 }, name: 'mine', city: 'London' });
  });

  it('are taken back one by one, and all together', () => {
    const state = new FlashState([], 0, true);
    state.flashFields({ name: 'Ada', 'user.city': 'London', note: 'x' });
    store(state, 1);
    expect([state.forget('user.city'), state.forget('absent')]).toEqual([true, false]);
    expect(seenBy(store(state, 2), 2)).toEqual({ name: 'Ada', note: 'x' });
    state.flash('name', 'mine');
    state.forget('name');
    state.flashFields({ name: 'Grace', note: 'y' });
    expect([state.read('name'), state.isEmpty]).toEqual(['Grace', false]);
    state.clear();
    expect([state.all(), state.isEmpty, store(state, 3)]).toEqual([{}, true, []]);
  });
});
