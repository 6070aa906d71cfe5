import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { REDIRECT_MS } from '../../lib/lifecycle/lifetimes.js';
import { WatchedSessions } from '../../lib/lifecycle/watching/watched-sessions.js';
import { RecentEndings } from '../../lib/lifecycle/recent-endings.js';
import { StoppedClock } from '../conformance/stopped-clock.js';

const TEN_MINUTES_MS = 10 * 60_000;

/** What is in use once all garbage is collected. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

function make(max?: number) {
  const clock = new StoppedClock(1_000);
  return { clock, endings: new RecentEndings(clock, new WatchedSessions(clock, false), max) };
}

const LIVES = { kind: 'lives' };
const GONE = { kind: 'gone' };

describe('what a process remembers of sessions that ended or moved', () => {
  it('is nothing of a session that it has not seen end', () => {
    expect(make().endings.fateOf('a')).toEqual(LIVES);
  });

  it('is for ten minutes that one ended, and for whom it was new', () => {
    const { clock, endings } = make();
    expect(endings.endWherever('a')).toBe(true);
    expect(endings.endWherever('a')).toBe(false);
    clock.advance(TEN_MINUTES_MS - 1);
    expect(endings.fateOf('a')).toEqual(GONE);
    clock.advance(1);
    expect(endings.fateOf('a')).toEqual(LIVES);
    // Whoever kept the token ends it again.
    expect(endings.endWherever('a')).toBe(true);
    expect(endings.fateOf('a')).toEqual(GONE);
  });

  it('is where one moved to, for half a minute, and for ten minutes that it is not there any more', () => {
    const { clock, endings } = make();
    endings.noteMoved('a', 'b');
    clock.advance(REDIRECT_MS - 1);
    expect(endings.fateOf('a')).toEqual({ kind: 'moved', to: 'b' });
    expect(endings.fateOf('b')).toEqual(LIVES);
    clock.advance(1);
    expect(endings.fateOf('a')).toEqual(GONE);
    clock.advance(TEN_MINUTES_MS - REDIRECT_MS);
    expect(endings.fateOf('a')).toEqual(LIVES);
  });

  it('is of one id alone where nothing was known to have moved with it', () => {
    const { clock, endings } = make();
    endings.noteMoved('a', 'b');
    clock.advance(REDIRECT_MS);
    endings.noteEnded('a');
    expect([endings.fateOf('a'), endings.fateOf('b')]).toEqual([GONE, LIVES]);
  });

  it('is enough to end a session under any id that it had', () => {
    for (const known of ['a', 'b', 'c']) {
      const { clock, endings } = make();
      endings.noteMoved('a', 'b');
      clock.advance(REDIRECT_MS);
      endings.noteMoved('b', 'c');
      clock.advance(REDIRECT_MS);
      expect(endings.endWherever(known)).toBe(true);
      expect(endings.fateOf('c')).toEqual(GONE);
      for (const id of ['a', 'b', 'c']) expect(endings.endWherever(id)).toBe(false);
    }
  });

  it('is bounded: of more sessions than that, the oldest is forgotten', () => {
    const { endings } = make(3);
    for (const id of ['a', 'b', 'c']) endings.endWherever(id);
    // Seen again, it is the youngest.
    endings.noteMoved('a', 'a2');
    endings.endWherever('d');
    const fates = ['a', 'b', 'c', 'd'].map((id) => endings.fateOf(id).kind);
    expect(fates).toEqual(['moved', 'lives', 'gone', 'gone']);
  });

  it('goes by itself with what comes after it', () => {
    const { clock, endings } = make(3);
    endings.endWherever('a');
    clock.advance(TEN_MINUTES_MS);
    endings.endWherever('b');
    endings.endWherever('c');
    endings.endWherever('d');
    expect(['b', 'c', 'd'].map((id) => endings.fateOf(id).kind)).toEqual(['gone', 'gone', 'gone']);
  });

  it('takes as much memory as its ids, whatever these were cut from', () => {
    const { endings } = make();
    const cut = (index: number): string => `${'x'.repeat(100_000)}${index}`.slice(-45);
    const before = usedBytes();
    for (let index = 0; index < 1_000; index += 1) endings.endWherever(cut(index));
    // What they were cut from is a hundred megabytes.
    expect(usedBytes() - before).toBeLessThan(20_000_000);
    expect(endings.fateOf(cut(999))).toEqual(GONE);
  });
});
