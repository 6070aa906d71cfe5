import { type Observable, Subject, defer, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { commitBefore } from '../../lib/nest/commit-before.js';
import { type OneRequest, OneStore, stoppedTime } from '../support/one-session.js';

stoppedTime();

/** What came out of a stream, each with how many writes the store had seen by then. */
function noted(store: OneStore, { session }: OneRequest, source: Observable<unknown>) {
  const seen: unknown[] = [];
  const writes = (): number => store.driver.calls.filter(({ method }) => method === 'write').length;
  const ended = new Promise<void>((resolve) => {
    commitBefore(source, session).subscribe({
      next: (value) => void seen.push([value, writes()]),
      error: (error: unknown) => (seen.push(error), resolve()),
      complete: () => (seen.push(['end', writes()]), resolve()),
    });
  });
  return { seen, ended };
}

describe('what a handler returns', () => {
  it('passes at once where nothing is due', async () => {
    const store = await OneStore.start();
    const { seen } = noted(store, await store.open(), of(1, 2));
    expect(seen).toEqual([
      [1, 0],
      [2, 0],
      ['end', 0],
    ]);
  });

  it('passes when what was changed before each value is stored, in order', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const values = new Subject<number>();
    const { seen, ended } = noted(store, request, values);
    request.session.put('a', 1);
    values.next(1);
    values.next(2);
    values.complete();
    expect(seen).toEqual([]);
    await ended;
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
      ['end', 1],
    ]);
  });

  it('ends only when what was changed after its last value is stored', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const source = defer(() => (request.session.put('late', 1), of<number>()));
    const { seen, ended } = noted(store, request, source);
    await ended;
    expect(seen).toEqual([['end', 1]]);
  });

  it('is the error of a commit that fails, as a 503, and nothing is tried again', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    request.session.put('a', 1);
    store.failNext('write');
    const { seen, ended } = noted(store, request, of(1));
    await ended;
    expect(seen).toEqual([expect.objectContaining({ status: 503 })]);
    expect(request.session.due).toBe(false);
  });

  it('is its own error as it is, and leaves the commit to the gate', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    request.session.put('a', 1);
    const failure = new Error('of the handler');
    const { seen } = noted(
      store,
      request,
      throwError(() => failure),
    );
    expect([seen, request.session.due, store.calls()]).toEqual([[failure], true, []]);
  });

  it('is subscribed to when somebody subscribes, and let go with him', async () => {
    const store = await OneStore.start();
    const { session } = await store.open();
    const values = new Subject<number>();
    const guarded = commitBefore(values, session);
    expect(values.observed).toBe(false);
    const subscription = guarded.subscribe();
    expect(values.observed).toBe(true);
    subscription.unsubscribe();
    expect(values.observed).toBe(false);
  });
});
