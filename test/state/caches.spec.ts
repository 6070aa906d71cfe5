import { describe, expect, it } from 'vitest';
import { RecentTexts } from '../../lib/state/caches.js';

/** A text must be added twice before it is remembered. */
function addTwice<V>(texts: RecentTexts<V>, text: string, value: V): void {
  texts.add(text, value);
  texts.add(text, value);
}

describe('Recent texts', () => {
  it('contain only texts that were added twice', () => {
    const texts = new RecentTexts<string>(4);
    texts.add('a', '1');
    expect(texts.get('a')).toBeUndefined();
    texts.add('a', '1');
    expect(texts.get('a')).toBe('1');
    expect(texts.get('b')).toBeUndefined();
  });

  it('are distinguished from texts with the same end', () => {
    const texts = new RecentTexts<string>(4);
    const end = 'the same end of two texts';
    addTwice(texts, `one with ${end}`, '1');
    expect(texts.get(`another with ${end}`)).toBeUndefined();
    expect(texts.get(end)).toBeUndefined();
    texts.add(`another with ${end}`, '2');
    expect(texts.get(`another with ${end}`)).toBe('2');
    expect(texts.get(`one with ${end}`)).toBeUndefined();
  });

  it('drop the oldest generation, and hold at most two', () => {
    const texts = new RecentTexts<number>(10);
    for (let index = 0; index < 1_000; index += 1) addTwice(texts, `text ${index}`, index);
    const known = Array.from({ length: 1_000 }, (_, index) => index).filter(
      (index) => texts.get(`text ${index}`) !== undefined,
    );
    expect(known.length).toBeLessThanOrEqual(20);
    expect(known).toContain(999);
    expect(known).not.toContain(0);
  });

  it('keep a text that is read repeatedly', () => {
    const texts = new RecentTexts<string>(10);
    addTwice(texts, 'kept', 'yes');
    for (let index = 0; index < 1_000; index += 1) {
      addTwice(texts, `other ${index}`, 'no');
      expect(texts.get('kept')).toBe('yes');
    }
  });
});
