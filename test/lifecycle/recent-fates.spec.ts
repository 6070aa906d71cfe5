import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { REDIRECT_MS } from '../../lib/lifecycle/lifetimes.js';
import { WatchedSessions } from '../../lib/lifecycle/watching/watched-sessions.js';
import { RecentFates } from '../../lib/lifecycle/recent-fates.js';
import { StoppedClock } from '../conformance/stopped-clock.js';

const TEN_MINUTES_MS = 10 * 60_000;

/** The heap in use after a garbage collection. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

function make(max?: number) {
  const clock = new StoppedClock(1_000);
  return { clock, fates: new RecentFates(clock, new WatchedSessions(clock, false), max) };
}

const LIVES = { kind: 'lives' };
const GONE = { kind: 'gone' };

describe('the memory of a process for sessions that ended or moved', () => {
  it('holds nothing about a session that it has not seen end', () => {
    expect(make().fates.fateOf('a')).toEqual(LIVES);
  });

  it('knows for ten minutes that a session ended, and tells whether that was new', () => {
    const { clock, fates } = make();
    expect(fates.endWherever('a')).toBe(true);
    expect(fates.endWherever('a')).toBe(false);
    clock.advance(TEN_MINUTES_MS - 1);
    expect(fates.fateOf('a')).toEqual(GONE);
    clock.advance(1);
    expect(fates.fateOf('a')).toEqual(LIVES);
    // A token kept longer can end the session again.
    expect(fates.endWherever('a')).toBe(true);
    expect(fates.fateOf('a')).toEqual(GONE);
  });

  it('knows for half a minute where a session moved to, and for ten minutes that the old id is gone', () => {
    const { clock, fates } = make();
    fates.noteMoved('a', 'b');
    clock.advance(REDIRECT_MS - 1);
    expect(fates.fateOf('a')).toEqual({ kind: 'moved', to: 'b' });
    expect(fates.fateOf('b')).toEqual(LIVES);
    clock.advance(1);
    expect(fates.fateOf('a')).toEqual(GONE);
    clock.advance(TEN_MINUTES_MS - REDIRECT_MS);
    expect(fates.fateOf('a')).toEqual(LIVES);
  });

  it('ends only the one id once its redirect has expired', () => {
    const { clock, fates } = make();
    fates.noteMoved('a', 'b');
    clock.advance(REDIRECT_MS);
    fates.noteEnded('a');
    expect([fates.fateOf('a'), fates.fateOf('b')]).toEqual([GONE, LIVES]);
  });

  it('suffices to end a session by any id that it had', () => {
    for (const known of ['a', 'b', 'c']) {
      const { clock, fates } = make();
      fates.noteMoved('a', 'b');
      clock.advance(REDIRECT_MS);
      fates.noteMoved('b', 'c');
      clock.advance(REDIRECT_MS);
      expect(fates.endWherever(known)).toBe(true);
      expect(fates.fateOf('c')).toEqual(GONE);
      for (const id of ['a', 'b', 'c']) expect(fates.endWherever(id)).toBe(false);
    }
  });

  it('is bounded: beyond its maximum, the oldest session is forgotten', () => {
    const { fates } = make(3);
    for (const id of ['a', 'b', 'c']) fates.endWherever(id);
    // Seen again, it becomes the youngest.
    fates.noteMoved('a', 'a2');
    fates.endWherever('d');
    const kinds = ['a', 'b', 'c', 'd'].map((id) => fates.fateOf(id).kind);
    expect(kinds).toEqual(['moved', 'lives', 'gone', 'gone']);
  });

  it('drops expired entries as new ones come in', () => {
    const { clock, fates } = make(3);
    fates.endWherever('a');
    clock.advance(TEN_MINUTES_MS);
    fates.endWherever('b');
    fates.endWherever('c');
    fates.endWherever('d');
    expect(['b', 'c', 'd'].map((id) => fates.fateOf(id).kind)).toEqual(['gone', 'gone', 'gone']);
  });

  it('takes only as much memory as its ids, not the strings they were sliced from', () => {
    const { fates } = make();
    const cut = (index: number): string => `${'x'.repeat(100_000)}${index}`.slice(-45);
    const before = usedBytes();
    for (let index = 0; index < 1_000; index += 1) fates.endWherever(cut(index));
    // The strings they were sliced from total a hundred megabytes.
    expect(usedBytes() - before).toBeLessThan(20_000_000);
    expect(fates.fateOf(cut(999))).toEqual(GONE);
  });
});
