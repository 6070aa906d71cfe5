import { assert, asyncProperty } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HarnessOfSuite } from './harness.js';
import { freshId, sampleRecord } from './record-samples.js';
import { wellFormedText } from './well-formed-text.js';

const ids: [what: string, id: string][] = [
  ['dots', 'a.b..c.'],
  ['slashes', '/a/b\\c/'],
  ['a path upwards', '../../../../etc/passwd'],
  ['nothing but a path upwards', '..'],
  ['a path upwards without an end', '../..'],
  ['spaces', ' an id with spaces '],
  ['line ends, as a text protocol uses them', 'id\r\nflush_all\r\n'],
  ['a NUL', 'id\u0000id'],
  ['braces and wildcards', '{tag}:*?[a-z]%_'],
  ['quotes', `'"\`;--`],
  ['letters of many scripts', 'größe-世界-😀'],
  ['a number', '0'],
  ['500 characters', 'x'.repeat(500)],
  ['a name of Object.prototype', 'constructor'],
  ['the other name of the prototype', '__proto__'],
  ['a method of Object.prototype', 'hasOwnProperty'],
];

const twins: [what: string, one: string, other: string][] = [
  ['letter case', 'an-Id-of-MINE', 'an-id-of-mine'],
  ['an accent', 'resume', 'résumé'],
  ['how an accent is composed', 'caf\u00e9', 'cafe\u0301'],
  ['a space at the end', 'trailing', 'trailing '],
  ['a NUL at the end', 'ending', 'ending\u0000'],
  ['the last of 500 characters', `${'y'.repeat(499)}1`, `${'y'.repeat(499)}2`],
  ['a path that leads to the same place', 'here/there', 'here/./there'],
];

export function describeIds(harness: HarnessOfSuite): void {
  describe('ids', () => {
    it.each(ids)('takes an id of any kind: %s', async (_what, id) => {
      const { driver, clock } = harness();
      await driver.destroy(id);
      expect(await driver.read(id), 'nothing is there before').toBeNull();
      const record = sampleRecord(clock.now());
      expect(await driver.write(id, record)).toBe(true);
      expect(await driver.read(id)).toEqual(record);
      expect(await driver.touch(id, record.expiresAt + 1_000)).toBe(true);
      expect(await driver.write(id, { ...record, version: 2 })).toBe(true);
      await driver.destroy(id);
      expect(await driver.read(id)).toBeNull();
    });

    it.each(twins)('tells ids apart that differ only in %s', async (_what, one, other) => {
      const { driver, clock } = harness();
      await driver.destroy(one);
      await driver.destroy(other);
      expect(await driver.write(one, sampleRecord(clock.now(), { payload: 'one' }))).toBe(true);
      expect(await driver.read(other)).toBeNull();
      expect(await driver.touch(other, clock.now() + 1_000)).toBe(false);
      expect(await driver.write(other, sampleRecord(clock.now(), { payload: 'other' }))).toBe(true);
      expect((await driver.read(one))?.payload).toBe('one');
      await driver.destroy(one);
      expect((await driver.read(other))?.payload).toBe('other');
    });

    it('takes any well-formed text as an id', async () => {
      const { driver, clock } = harness();
      const text = wellFormedText({ minLength: 1, maxLength: 60 });
      await assert(
        asyncProperty(text, async (id) => {
          await driver.destroy(id);
          const record = sampleRecord(clock.now(), { payload: freshId() });
          expect(await driver.write(id, record)).toBe(true);
          expect(await driver.read(id)).toEqual(record);
          await driver.destroy(id);
          expect(await driver.read(id)).toBeNull();
        }),
        { numRuns: 30 },
      );
    });
  });
}
