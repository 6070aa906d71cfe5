import { expect, it } from 'vitest';
import { ConsistencyErrors } from '../../lib/lifecycle/consistency-errors.js';
import { StoppedClock } from '../conformance/stopped-clock.js';

it('logs each kind of consistency error once, and again only after a minute without it', () => {
  const clock = new StoppedClock();
  const lines: string[] = [];
  const faults = new ConsistencyErrors(
    { warn: () => undefined, error: (line) => void lines.push(line) },
    clock,
  );
  for (let times = 0; times < 5; times += 1) {
    expect(faults.contention('stored')).toMatchObject({ name: 'SessionStoreError', statusCode: 503 });
    clock.advance(59_999);
  }
  expect(lines).toEqual([expect.stringMatching(/^A session could not be stored in 200 .* Said once, /)]);
  faults.contention('destroyed');
  faults.lostRecord();
  faults.unconfirmedWrite();
  expect(lines).toHaveLength(4);
  clock.advance(1);
  faults.contention('stored');
  expect(lines).toHaveLength(5);
});
