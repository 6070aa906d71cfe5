import { describe, expect, it } from 'vitest';
import { RecentTokens } from '../../lib/crypto/recent-tokens.js';

describe('Recent tokens', () => {
  it('know what was added, and nothing else', () => {
    const tokens = new RecentTokens<string>(4);
    tokens.add('a', '1');
    expect(tokens.get('a')).toBe('1');
    expect(tokens.get('b')).toBeUndefined();
  });

  it('are told from tokens that end like them', () => {
    const tokens = new RecentTokens<string>(4);
    const end = 'the same end of two tokens';
    tokens.add(`one with ${end}`, '1');
    expect(tokens.get(`another with ${end}`)).toBeUndefined();
    expect(tokens.get(end)).toBeUndefined();
    tokens.add(`another with ${end}`, '2');
    expect(tokens.get(`another with ${end}`)).toBe('2');
    expect(tokens.get(`one with ${end}`)).toBeUndefined();
  });

  it('forget the oldest generation, and never hold more than two', () => {
    const tokens = new RecentTokens<number>(10);
    for (let index = 0; index < 1_000; index += 1) tokens.add(`token ${index}`, index);
    const known = Array.from({ length: 1_000 }, (_, index) => index).filter(
      (index) => tokens.get(`token ${index}`) !== undefined,
    );
    expect(known.length).toBeLessThanOrEqual(20);
    expect(known).toContain(999);
    expect(known).not.toContain(0);
  });

  it('keep what is asked for again and again', () => {
    const tokens = new RecentTokens<string>(10);
    tokens.add('kept', 'yes');
    for (let index = 0; index < 1_000; index += 1) {
      tokens.add(`other ${index}`, 'no');
      expect(tokens.get('kept')).toBe('yes');
    }
  });
});
