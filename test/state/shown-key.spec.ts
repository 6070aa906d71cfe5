import { describe, expect, it } from 'vitest';
import { SessionValueError } from 'nestjs-session-kit';
import { SessionState } from '../../lib/state/session-state.js';
import { shownKey } from '../../lib/state/shown-key.js';

describe('a key in a message', () => {
  it('is shown unchanged if it is ordinary', () => {
    expect(shownKey('cart.total')).toBe('cart.total');
    expect(shownKey('größe.каталог.買い物.🛒')).toBe('größe.каталог.買い物.🛒');
    expect(shownKey('k'.repeat(80))).toBe('k'.repeat(80));
  });

  it('is cut after 80 characters', () => {
    expect(shownKey('k'.repeat(81))).toBe(`${'k'.repeat(80)}...`);
    expect(shownKey('k'.repeat(1_000_000))).toBe(`${'k'.repeat(80)}...`);
  });

  it.each([
    ['a line break', 'a\nb', String.raw`a\nb`],
    ['a quotation mark', 'a"b', String.raw`a\"b`],
    ["a terminal's escape", '\u001b[2Ja', String.raw`\u001b[2Ja`],
    ['the same in one character', '\u009b2Ja', String.raw`\u009b2Ja`],
    ["another alphabet's line break", 'a\u2028b\u2029c', String.raw`a\u2028b\u2029c`],
    ['what turns the text around', 'a\u202eb', String.raw`a\u202eb`],
    ['half a character', 'a\ud83d', String.raw`a\ud83d`],
  ])('is escaped: %s', (_what, key, shown) => {
    expect(shownKey(key)).toBe(shown);
  });

  it('is cut after escaping, but never within an escape', () => {
    expect(shownKey('\u0000'.repeat(79))).toBe(`${String.raw`\u0000`.repeat(13)}...`);
    expect(shownKey(`${'k'.repeat(79)}"`)).toBe(`${'k'.repeat(79)}...`);
  });
});

describe('the message of an error', () => {
  const bad = `\n\u001b[2J${'k'.repeat(1000)}`;
  const at = (key: string): SessionState => {
    const state = SessionState.empty(JSON, 0);
    state.put(key, 'text');
    return state;
  };

  it.each<[string, () => unknown]>([
    ['a forbidden key', () => at(`${bad}.__proto__`)],
    ['a push on text', () => at(bad).push(bad, 1)],
    ['an increment of text', () => at(bad).increment(bad, 1)],
    ['an update with a promise', () => at(bad).update(bad, () => Promise.resolve(1))],
    ['a value that cannot be stored', () => storing(bad)],
    ['the same further down', () => storing('a', { [bad]: () => 1 })],
    ['a place in a list', () => placing(bad)],
  ])('shows the key escaped and cut: %s', (_what, provoke) => {
    const { message } = refusalOf(provoke);
    expect(message).toContain(String.raw`\n\u001b[2Jkkk`);
    expect(message).not.toMatch(/\p{Cc}|k{81}/u);
  });

  function storing(key: string, value: unknown = () => 1): unknown {
    const state = SessionState.empty(JSON, 0);
    state.put(key, value);
    return state.draft(undefined, undefined);
  }

  function placing(segment: string): void {
    const state = SessionState.empty(JSON, 0);
    state.put('list', []);
    state.put(`list.${segment}`, 1);
  }
});

function refusalOf(provoke: () => unknown): SessionValueError {
  try {
    provoke();
  } catch (error) {
    if (error instanceof SessionValueError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
