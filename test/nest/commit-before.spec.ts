import { Readable } from 'node:stream';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { type Observable, Subject, concat, defer, of, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { commitAtOnce, commitBefore } from '../../lib/nest/commit/commit-before.js';
import { Deferred } from '../parallel/support/deferred.js';
import { type OneRequest, OneStore, stoppedTime } from '../support/one-session.js';

stoppedTime();

/** The values of a stream, each with the number of writes that the store had seen by then. */
function noted(
  store: OneStore,
  { hosted }: OneRequest,
  source: Observable<unknown>,
  committing = commitBefore,
) {
  const seen: unknown[] = [];
  const writes = (): number => store.driver.calls.filter(({ method }) => method === 'write').length;
  const ended = new Promise<void>((resolve) => {
    committing(source, hosted).subscribe({
      next: (value) => void seen.push([value, writes()]),
      error: (error: unknown) => (seen.push(error), resolve()),
      complete: () => (seen.push(['end', writes()]), resolve()),
    });
  });
  return { seen, ended };
}

describe('The stream of what a handler returns', () => {
  it('passes values at once while nothing is due', async () => {
    const store = await OneStore.start();
    const { seen } = noted(store, await store.open(), of(1, 2));
    expect(seen).toEqual([
      [1, 0],
      [2, 0],
      ['end', 0],
    ]);
  });

  it('passes each value, in order, once the changes before it are stored', async () => {
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

  it('loses no value that arrives while the changes before it are being stored', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const values = new Subject<number>();
    request.session.put('a', 1);
    const write = store.hold('write');
    const { seen, ended } = noted(store, request, values, commitAtOnce);
    await write.reached;
    values.next(1);
    expect(seen).toEqual([]);
    write.release();
    await vi.waitFor(() => expect(seen).toEqual([[1, 1]]));
    values.complete();
    await ended;
    expect(seen).toEqual([
      [1, 1],
      ['end', 1],
    ]);
  });

  it('completes only once the changes after its last value are stored', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const source = defer(() => (request.session.put('late', 1), of<number>()));
    const { seen, ended } = noted(store, request, source);
    await ended;
    expect(seen).toEqual([['end', 1]]);
  });

  it('fails with a 503 when a commit fails, which is not retried', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    request.session.put('a', 1);
    store.failNext('write');
    const { seen, ended } = noted(store, request, of(1));
    await ended;
    expect(seen).toEqual([expect.objectContaining({ status: 503 })]);
    expect(request.hosted.due).toBe(false);
  });

  it('passes its own error unchanged and leaves the commit to the gate', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    request.session.put('a', 1);
    const failure = new Error('of the handler');
    const { seen } = noted(
      store,
      request,
      throwError(() => failure),
    );
    expect([seen, request.hosted.due, store.calls()]).toEqual([[failure], true, []]);
  });

  it('fails with a 503 when the store fails a commit made by the handler', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    store.failNext('write');
    const source = defer(() => request.session.put('a', 1).commit());
    const { seen, ended } = noted(store, request, source);
    await ended;
    expect(seen).toEqual([
      expect.objectContaining({ status: 503, cause: expect.objectContaining({ name: 'SessionStoreError' }) }),
    ]);
  });

  it.each(['at once', 'after a commit'])(
    'fails %s when its value is a session that is not loaded',
    async (when) => {
      const store = await OneStore.start();
      const request = await store.open();
      const { session } = request;
      const id = await session.generateId();
      const source = defer(() => {
        if (when === 'at once') session.setId(id);
        else queueMicrotask(() => session.setId(id));
        return of(when === 'at once' ? session : session.put('a', 1));
      });
      const { seen, ended } = noted(store, request, source);
      await ended;
      expect(seen).toEqual([expect.objectContaining({ message: expect.stringContaining('not loaded') })]);
    },
  );

  it('keeps its order when a value arrives during a commit for an earlier one', async () => {
    const store = await OneStore.start();
    const { hosted, session } = await store.open();
    const values = new Subject<number>();
    const seen: unknown[] = [];
    const ended = new Promise<void>((resolve) => {
      commitBefore(values, hosted).subscribe({
        next: (value) => {
          seen.push(value);
          if (value !== 1) return;
          const { reached, release } = store.hold('write');
          session.put('b', 1);
          void reached.then(() => {
            values.next(3);
            values.complete();
            seen.push('released');
            release();
          });
        },
        complete: resolve,
      });
    });
    session.put('a', 1);
    values.next(1);
    values.next(2);
    await ended;
    expect(seen).toEqual([1, 'released', 2, 3]);
  });

  it('passes values at once again when nothing is due any more', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const values = new Subject<number>();
    const { seen } = noted(store, request, values);
    request.session.put('a', 1);
    values.next(1);
    await vi.waitFor(() => expect(seen).toHaveLength(1), 500_000);
    await turnOfTheLoop();
    values.next(2);
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it('passes a value before the error that follows it', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const failure = new Error('of the handler');
    request.session.put('a', 1);
    const { seen, ended } = noted(
      store,
      request,
      concat(
        of(1),
        throwError(() => failure),
      ),
    );
    await ended;
    expect(seen).toEqual([[1, 1], failure]);
  });

  it('commits nothing more once its subscriber has left', async () => {
    const store = await OneStore.start();
    const { hosted, session } = await store.open();
    const values = new Subject<number>();
    const seen: unknown[] = [];
    const left = new Deferred();
    const subscription = commitBefore(values, hosted).subscribe((value) => {
      seen.push(value);
      session.put('b', 1);
      subscription.unsubscribe();
      left.resolve();
    });
    session.put('a', 1);
    values.next(1);
    values.next(2);
    await left.promise;
    await turnOfTheLoop();
    // Still due: the gate commits the rest with the response.
    expect([seen, store.calls(), hosted.due]).toEqual([[1], ['write A 1'], true]);
  });

  it('destroys a readable stream it cannot pass, and reports the failed commit', async () => {
    const store = await OneStore.start();
    const request = await store.open();
    const reported = vi.spyOn(request, 'commitFailed');
    const file = Readable.from(['text']);
    request.session.put('a', 1);
    store.failNext('write');
    const { ended } = noted(store, request, of(file));
    await ended;
    expect(file.destroyed).toBe(true);
    expect(reported).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ name: 'SessionStoreError' }));
  });

  it('passes plain values in place of a session and its messages', async () => {
    const store = await OneStore.start();
    const request = await store.open(
      await store.seed((session) => session.put('user', 'ann').flash('status', 'Saved')),
    );
    const { session } = request;
    const { seen, ended } = noted(store, request, of(session, session.flashMessages));
    await ended;
    expect(seen.map((each) => [each].flat()[0])).toStrictEqual([
      { user: 'ann', status: 'Saved' },
      { status: 'Saved' },
      'end',
    ]);
  });

  it('subscribes to its source only when subscribed to, and unsubscribes with its subscriber', async () => {
    const store = await OneStore.start();
    const { hosted } = await store.open();
    const values = new Subject<number>();
    const guarded = commitBefore(values, hosted);
    expect(values.observed).toBe(false);
    const subscription = guarded.subscribe();
    expect(values.observed).toBe(true);
    subscription.unsubscribe();
    expect(values.observed).toBe(false);
  });
});
