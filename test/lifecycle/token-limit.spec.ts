import { describe, expect, it } from 'vitest';
import { TokenLimit } from '../../lib/lifecycle/sealed/token-limit.js';
import type { Payload } from '../../lib/state/payload.js';
import { SessionTooLargeError } from '../../lib/session.errors.js';

const payload = { v: 1, n: 1, c: 0, d: { cart: ['secret things'], name: 'Ada' } } as const;

function limitOf(max: number, warns = true): { limit: TokenLimit; warnings: string[] } {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const log = { error: ignore, warn: (message: string) => void warnings.push(message) };
  return { limit: new TokenLimit(max, JSON, warns ? log : null), warnings };
}

describe('the size limit of a cookie-based session', () => {
  it('warns once when a session comes near it, with the largest keys but not their content', () => {
    const { limit, warnings } = limitOf(1000);
    limit.assertFits(800, payload);
    expect(warnings).toEqual([]);
    limit.assertFits(801, payload);
    limit.assertFits(1000, payload);
    expect(warnings).toEqual([
      expect.stringMatching(
        /takes 801 bytes as cookies, and 1000 are allowed.*keys: cart \(17 bytes\), name/,
      ),
    ]);
    expect(warnings.join()).not.toMatch(/secret|Ada/);
  });

  it('gives no early warning in production, and refuses a larger session', () => {
    const { limit, warnings } = limitOf(1000, false);
    limit.assertFits(1000, payload);
    expect(warnings).toEqual([]);
    expect(() => limit.assertFits(1001, payload)).toThrow(SessionTooLargeError);
  });

  it('names flash messages and form fields among the largest keys, escaped and shortened', () => {
    const { limit } = limitOf(1000);
    const flashed: Payload = {
      ...payload,
      d: { cart: ['tea'] },
      f: [
        [
          1,
          { report: 'secret '.repeat(100), 'a\n"b': 'x'.repeat(50) },
          { ['n'.repeat(200)]: 'y'.repeat(90) },
        ],
        [2, { status: 'Saved.' }],
      ],
    };
    expect(() => limit.assertFits(1001, flashed)).toThrow(
      `Its largest keys: flash message "report" (702 bytes), form field "${'n'.repeat(80)}..." (92 bytes), ` +
        String.raw`flash message "a\n\"b" (52 bytes). Keep less`,
    );
    expect(() => limit.assertFits(1001, flashed)).not.toThrow(/secret/);
  });
});
