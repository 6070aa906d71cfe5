import { describe, expect, it } from 'vitest';
import { hasEnded, newOwner } from '../../../lib/drivers/file/lock-taking.js';
import { endedOwner, ownerElsewhere } from './ended-process.js';

describe('the owner of a lock', () => {
  it('has a unique name', () => {
    const names = Array.from({ length: 1_000 }, newOwner);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has not ended while its process runs', () => {
    expect(hasEnded(newOwner())).toBe(false);
  });

  it('has ended once its process has', async () => {
    expect(hasEnded(await endedOwner())).toBe(true);
  });

  it('counts as alive if its process is on another machine or in another container', async () => {
    expect(hasEnded(await ownerElsewhere())).toBe(false);
  });

  it.each(['', 'x', '..', '0-0-0-0', `${newOwner()}x`])(
    'counts as alive if its name has another format: "%s"',
    (name) => {
      expect(hasEnded(name)).toBe(false);
    },
  );
});
