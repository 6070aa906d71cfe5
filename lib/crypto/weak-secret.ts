/** Fewer different characters than this are no secret, however many there are of them: random digits have more. */
const FEWEST_CHARACTERS = 6;

/** The rows that people run along: those of the alphabet follow from the character codes. */
const KEYBOARD_ROWS = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1234567890',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
];

/** Texts that stand where a secret belongs, and ask for it. Compared in lower case, with a space for all that is no letter or digit. */
const PLACEHOLDERS: readonly RegExp[] = [
  /\b(change|replace)(me|this|it)\b/,
  /^(please )?(change|replace|set|insert|enter|paste|put|add) (me|this|it|your|with|here|in production)\b/,
  /\byour (own |very |super |top |long |strong |random |secure |session |jwt |cookie |app |application |\d+ |bit )*(secret|key|password|passphrase)\b/,
  /\b(secret|key|password|passphrase|value|text) goes here\b/,
  /\bplaceholder\b/,
  /\bprocess env\b/,
  /\bkeyboard cat\b/,
  /\bcorrect horse battery staple\b/,
  /^lorem ipsum\b/,
];

/** Marks of templates and of notes to oneself, as they were written. */
const MARKED: readonly RegExp[] = [/^<.*>$/s, /^\$\{.*\}$/s, /^\{\{.*\}\}$/s, /^(TODO|FIXME|TBD|XXX)\b/];

/**
 * What is wrong with a secret that is long enough: everybody can guess it, because it stands in examples, says that it
 * is none, or repeats itself. Knows the usual ones and errs on the side of the passphrase: it does not measure strength.
 *
 * @param enough from how many characters on a text is long enough: one that repeats a shorter one is not
 * @returns the rest of a sentence that begins with the secret, without showing it; null where nothing is wrong
 */
export function weaknessOf(secret: string, enough: number): string | null {
  const period = periodOf(secret);
  if (period < enough && period <= secret.length / 2) {
    return period === 1 ? 'repeats one character' : `repeats the same ${period} characters`;
  }
  const different = new Set(secret).size;
  if (different < FEWEST_CHARACTERS) return `has only ${different} different characters`;
  if (isMostlyRun(secret.toLowerCase())) return 'runs along the alphabet or the keyboard';
  const words = secret
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim();
  if (isOneWord(words)) return 'repeats one word';
  const isPlaceholder =
    MARKED.some((mark) => mark.test(secret.trim())) || PLACEHOLDERS.some((phrase) => phrase.test(words));
  return isPlaceholder ? 'is a placeholder' : null;
}

/** The shortest part that the text is a repetition of, the last time perhaps cut short (the failure function of Knuth, Morris and Pratt). */
function periodOf(text: string): number {
  const borders = [0];
  let border = 0;
  for (let at = 1; at < text.length; at += 1) {
    while (border > 0 && text[at] !== text[border]) border = borders[border - 1] ?? 0;
    if (text[at] === text[border]) border += 1;
    borders.push(border);
  }
  return text.length - border;
}

/** Whether three quarters of the characters follow from the one before: `abcdef...`, `12345...`, `qwerty...`, `aaaabbbb...`. */
function isMostlyRun(text: string): boolean {
  let steps = 0;
  for (let at = 1; at < text.length; at += 1) {
    const step = text.charCodeAt(at) - text.charCodeAt(at - 1);
    const pair = text.slice(at - 1, at + 1);
    if (Math.abs(step) <= 1 || KEYBOARD_ROWS.some((row) => row.includes(pair))) steps += 1;
  }
  return steps >= (text.length - 1) * 0.75;
}

/** `secret_secret-SECRET secret1`. */
function isOneWord(words: string): boolean {
  const list = words.split(' ').map((word) => word.replace(/\d+$/, ''));
  return list.length > 2 && new Set(list).size === 1 && list[0] !== '';
}
