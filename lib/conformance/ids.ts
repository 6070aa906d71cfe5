import type { ConformanceSuite } from './suite.js';

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
  ['half of a character beyond 16 bits', 'half \ud83d'],
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

/** Tests ids of any text, such as paths, control characters and names of properties, and ids that differ very little. */
export function describeIds({ describe, it, expect }: ConformanceSuite): void {
  describe('ids', () => {
    for (const [what, id] of ids) {
      it(`takes an id of any kind: ${what}`, async ({ driver, sample }) => {
        await driver.destroy(id);
        expect(await driver.read(id)).toBe(null);
        const record = sample();
        expect(await driver.write(id, record)).toBe(true);
        expect(await driver.read(id)).toEqual(record);
        expect(await driver.touch(id, record.expiresAt + 1_000)).toBe(true);
        expect(await driver.write(id, { ...record, version: 2 })).toBe(true);
        await driver.destroy(id);
        expect(await driver.read(id)).toBe(null);
        if (driver.destroyVersion === undefined) return;
        expect(await driver.write(id, record)).toBe(true);
        expect(await driver.destroyVersion(id, 1)).toBe(true);
        expect(await driver.read(id)).toBe(null);
      });
    }

    for (const [what, one, other] of twins) {
      it(`tells ids apart that differ only in ${what}`, async ({ driver, clock, sample }) => {
        await driver.destroy(one);
        await driver.destroy(other);
        expect(await driver.write(one, sample({ payload: 'one' }))).toBe(true);
        expect(await driver.read(other)).toBe(null);
        expect(await driver.touch(other, clock.now() + 1_000)).toBe(false);
        expect(await driver.write(other, sample({ payload: 'other' }))).toBe(true);
        expect((await driver.read(one))?.payload).toBe('one');
        await driver.destroy(one);
        expect((await driver.read(other))?.payload).toBe('other');
      });
    }
  });
}
