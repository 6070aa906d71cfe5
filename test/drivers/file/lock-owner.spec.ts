import { describe, expect, it } from 'vitest';
import { hasEnded, newOwner } from '../../../lib/drivers/file/lock-owner.js';
import { endedOwner, ownerElsewhere } from './ended-process.js';

describe('the owner of a lock', () => {
  it('never gets the name of another', () => {
    const names = Array.from({ length: 1_000 }, newOwner);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has not ended while its process runs', () => {
    expect(hasEnded(newOwner())).toBe(false);
  });

  it('has ended when its process has', async () => {
    expect(hasEnded(await endedOwner())).toBe(true);
  });

  it('may live where its process cannot be seen: on another machine or in another container', async () => {
    expect(hasEnded(await ownerElsewhere())).toBe(false);
  });

  it.each(['', 'x', '..', '0-0-0-0', `${newOwner()}x`])(
    'is not judged by a name of another kind: "%s"',
    (name) => {
      expect(hasEnded(name)).toBe(false);
    },
  );
});
