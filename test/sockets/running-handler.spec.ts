import { NEVER, Observable, Subject, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runToEnd } from '../../lib/sockets/running-handler.js';

/** A running handler, and what it reported. */
function run(source: Observable<unknown>) {
  const said: unknown[] = [];
  const handler = runToEnd(
    source,
    (call) => call(),
    () => said.push('through'),
    () => said.push('answered'),
  );
  const listen = () =>
    handler.answers.subscribe({
      next: (value) => said.push(value),
      error: () => said.push('error'),
      complete: () => said.push('complete'),
    });
  return { handler, said, listen };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a handler running for a client', () => {
  it('forwards its answers, and is done before they complete', () => {
    const { said, listen } = run(of(1, 2));
    listen();
    expect(said).toEqual([1, 'answered', 2, 'answered', 'through', 'complete']);
  });

  it('starts even if nobody listens any more, and is unsubscribed after its first answer', () => {
    const source = new Subject();
    const { handler, said } = run(source);
    handler.leave();
    expect(source.observed).toBe(true);
    source.next('late');
    expect(source.observed).toBe(false);
    expect(said).toEqual(['answered', 'through']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is unsubscribed when its client leaves if it has already answered', () => {
    const source = new Subject();
    const { said, listen } = run(source);
    const listening = listen();
    source.next(1);
    listening.unsubscribe();
    expect(source.observed).toBe(false);
    expect(said).toEqual([1, 'answered', 'through']);
  });

  it('is given up 30 seconds after its client has left if it never answers', () => {
    const { handler, said } = run(NEVER);
    handler.leave();
    vi.advanceTimersByTime(29_000);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(2_000);
    expect(said).toEqual(['through']);
    handler.leave();
    expect(said).toEqual(['through']);
  });

  it('is done once, whichever way comes first', () => {
    const source = new Subject();
    const { handler, said, listen } = run(source);
    listen();
    source.error(new Error('thrown'));
    handler.leave();
    expect(said).toEqual(['through', 'error']);
  });
});
