/** A text with fewer different characters than this is no secret, whatever its length; random digits have more. */
const FEWEST_CHARACTERS = 6;

/**
 * Keyboard rows that people type along; runs in the alphabet and digits follow from the character codes. Three
 * quarters of these also hold on other keyboard layouts.
 */
const KEYBOARD_ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** Words that a placeholder uses to describe the secret it stands for: `super secret`, `256 bit`, `session`. */
const ADJECTIVES =
  '(own|very|super|top|long|strong|random|secure|session|jwt|cookie|app|application|\\d+|bit)';

/**
 * Texts that stand in for a secret or ask for one. Compared in lower case, with a space in place of everything
 * that is not a letter or digit and between the words of `changeMe`. Phrases that an ordinary sentence may
 * contain count only at the beginning or after a verb.
 */
const PLACEHOLDERS: readonly RegExp[] = [
  /\b(change|replace)(me|this|it)\b/,
  /^(please )?(change|replace|set|insert|enter|paste|put|add) (me|this|it|your|with|here|in production)\b/,
  new RegExp(`(^|\\b(use|type|with) )your (${ADJECTIVES} )*secret\\b(?! (is|was)\\b)`),
  new RegExp(`^your (secret |${ADJECTIVES} )+(key|password|passphrase)\\b`),
  /\bsuper ?secret ?(session |jwt )?key\b/,
  /\bsecret here\b/,
  /\b(secret|key|password|passphrase|value|text) goes here\b/,
  /\bplaceholder\b/,
  /\bprocess env\b/,
  // Statements of a text about itself: examples from other projects' documentation, and texts modelled on them.
  /\bat least \d+\b/,
  /\b\d+ (chars|characters|letters|bytes) (long|minimum|or more)\b/,
  /\bminimum length of \d+\b/,
  /\b(not|don t|dont|never) (use|for)( this| it)?( value)?( key)?( in)? prod(uction)?\b/,
  /\bdo not use this value\b/,
  /\bsome ?random ?(string|secret|key|text)/,
  /\baverylogphrasebiggerthanthirtytwochars\b/,
  /\b(should|must|needs? to|to) be (changed|replaced)\b/,
  /\b(you|we) should (change|replace)\b/,
  /\bchange (this |it )?in prod(uction)?\b/,
  /^generate with\b/,
  /\b(insecure|unsafe|local|default) (development|dev|session) (secret|key|password)\b/,
  /\b(secret|key|password) for (local )?(development|dev)$/,
  /^default (session )?(secret|key|password)\b/,
  /\bkeyboard ?cat\b/,
  /\bcorrect horse battery staple\b/,
  /^lorem ipsum\b/,
  // "Replace me", in other languages.
  /\b((remplace|change)[rz]? moi|(cambia|reemplaza|sostituisci|substitua)m[ei]|(ersetze?|(ae?)?ndere?) mich|bitte (ersetzen|(ae?)?ndern))\b/,
];

/**
 * Words that placeholders consist of: a text with no other words is one. Six diceware words are not, from any
 * list, because a list has few of these words. Words common in tests and jokes (`test`, `enough`, `nobody`) are
 * left out: a text that contains one of them passes.
 */
const PLACEHOLDER_WORDS: ReadonlySet<string> = new Set(
  (
    'a the my your our you this that is be must should goes of for in to me it i and or use some as output very super top long longer strong ' +
    'random secure safe private secret secrets session sessions cookie cookies jwt auth signing key keys password passphrase ' +
    'token string text value character characters chars char bytes bit bits app application server express nest nestjs node ' +
    'web site example sample demo dummy default change changed replace replaced generate put insert enter here please with openssl rand base hex'
  ).split(' '),
);

/** Marks of templates and of notes to oneself, matched in the original text. */
const TEMPLATE_PATTERNS: readonly RegExp[] = [
  /^<[\w ,.:;'!?-]+>$/,
  /\{\{[\w .-]{4,}\}\}/,
  // A variable or command that no shell has expanded, anywhere in the text.
  /^\$\{.*\}$/s,
  /\$\{[A-Z][A-Z0-9_]{5,}[}:]/,
  /\$\([a-z]{3,} [^)]*\)/,
  /`[a-z]{3,} [^`]*`/,
  /^\$[A-Z_]+$/,
  /^(TODO|TBD|XXX)\b/,
  /^(fixme\b|(todo|tbd|xxx)\s*:)/i,
  /(?<![a-z])(change|replace)[-_]me(?![a-z])/i,
];

/**
 * Says what is wrong with a secret that is long enough but guessable: it appears in examples, says that it is a
 * placeholder, consists of the words that placeholders consist of, or repeats itself. Lets passphrases through
 * when in doubt; does not measure strength.
 *
 * @param enough the length from which a text is long enough; repetitions of a shorter text are refused
 * @returns the rest of a sentence that starts with the secret, without showing it; null if nothing is wrong
 */
export function weaknessOf(secret: string, enough: number): string | null {
  const lower = secret.toLowerCase();
  const period = periodOf(lower);
  if (period < enough && period <= lower.length / 2) {
    return period === 1 ? 'repeats one character' : `repeats the same ${period} characters`;
  }
  const different = new Set(secret).size;
  if (different < FEWEST_CHARACTERS) return `has only ${different} different characters`;
  // Also with every second character, for two interleaved runs: `a1b2c3`.
  if (isMostlyRun(lower, 1) || isMostlyRun(lower, 2)) return 'runs along the alphabet or the keyboard';
  const words = secret
    .replaceAll(/(?<=[a-z])(?=[A-Z])|[^a-zA-Z0-9]+/g, ' ')
    .trim()
    .toLowerCase();
  // Random bytes contain words too, of one letter.
  const isWords = words.length >= secret.length * 0.75;
  const isRepeated = (isWords && isOneWord(words)) || isRepetitive(words, lower.length, enough);
  if (isRepeated) return 'repeats the same words';
  if (isPadded(lower, enough)) return 'is short, and filled up with one character';
  const isPlaceholder =
    TEMPLATE_PATTERNS.some((pattern) => pattern.test(secret.trim())) ||
    PLACEHOLDERS.some((phrase) => phrase.test(words)) ||
    (isWords && hasOnlyPlaceholderWords(words));
  return isPlaceholder ? 'is a placeholder' : null;
}

/** The length of the shortest part that the text is a repetition of; the last repetition may be cut short. */
function periodOf(text: string): number {
  let period = 1;
  while (!text.startsWith(text.slice(period))) period += 1;
  return period;
}

/**
 * Whether the same words repeat, ignoring all non-letters between them and after the last:
 * `not-a-secret-not-a-secret!`, `hunter1hunter2hunter3`. False for a text that hardly consists of words.
 */
function isRepetitive(words: string, length: number, enough: number): boolean {
  const text = words.replaceAll(/[^a-z]+/g, ' ').trim();
  if (text.length < length * 0.75) return false;
  return [text, `${text} `].some((each) => {
    const period = periodOf(each);
    return period < enough && period <= each.length / 2;
  });
}

/** Whether a text repeats one word, each time with another number: `hunter2023 hunter2024 hunter2025`. */
function isOneWord(words: string): boolean {
  const list = words.split(' ').map((word) => word.replace(/\d+$/, ''));
  return list.length > 2 && new Set(list).size === 1 && list[0] !== '';
}

/**
 * Whether a text consists of digits and placeholder words, three words apart or more (`this is a secret`) or a
 * dozen letters run together (`thisisaverysecretkey32byteslong`).
 */
function hasOnlyPlaceholderWords(words: string): boolean {
  const text = words.replaceAll(' ', '');
  const ends = [0];
  for (let end = 1; end <= text.length; end += 1) {
    const isEnd = ends.some((start) => {
      const word = text.slice(start, end);
      return PLACEHOLDER_WORDS.has(word) || /^\d$/.test(word);
    });
    if (isEnd) ends.push(end);
  }
  if (ends.at(-1) !== text.length) return false;
  const list = words.replaceAll(/\d/g, '').split(' ').filter(Boolean);
  // One UUID in a quarter of a million has no letters but an `a` or `be` here and there.
  return list.join('').length >= 12 || (list.length > 2 && /[g-z]/.test(words));
}

/** Whether a text owes its length to one character repeated at its end: `my-secret000000...`. */
function isPadded(text: string, enough: number): boolean {
  return text.replace(/(.)\1*$/su, '').length < enough * 0.7;
}

/**
 * Whether three quarters of the characters follow from the one `distance` places before: `abcdef...`,
 * `12345...`, `qwerty...`, `aaaabbbb...`.
 */
function isMostlyRun(text: string, distance: number): boolean {
  let steps = 0;
  for (let at = distance; at < text.length; at += 1) {
    const step = text.charCodeAt(at) - text.charCodeAt(at - distance);
    const pair = text.charAt(at - distance) + text.charAt(at);
    if (Math.abs(step) <= 1 || KEYBOARD_ROWS.some((row) => row.includes(pair))) steps += 1;
  }
  return steps >= (text.length - distance) * 0.75;
}
