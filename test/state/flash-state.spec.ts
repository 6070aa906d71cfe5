import { describe, expect, it } from 'vitest';
import { FlashState } from '../../lib/state/flash-state.js';
import type { FlashBatch } from '../../lib/state/payload.js';

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
});
