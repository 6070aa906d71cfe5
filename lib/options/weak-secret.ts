/** Fewer different characters than this are no secret, however many there are of them: random digits have more. */
const FEWEST_CHARACTERS = 6;

/**
 * The rows that people run along: those of the alphabet and of the digits follow from the character codes. Of other keyboards these are
 * three quarters as well.
 */
const KEYBOARD_ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** What a placeholder says of the secret that belongs there: `super secret`, `256 bit`, `session`. */
const ADJECTIVES =
  '(own|very|super|top|long|strong|random|secure|session|jwt|cookie|app|application|\\d+|bit)';

/**
 * Texts that stand where a secret belongs, and ask for it. Compared in lower case, with a space for all that is no letter or
 * digit and between the words of `changeMe`. What a sentence may say as well counts at the beginning only, or behind a verb.
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
  // What a text says of itself: examples of the documentation of others, and what is made after them.
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
 * What placeholders are made of: a text that has no other words is one. Six words by dice are not, out of any list: a list has few of
 * these. Words of what tests and jokes say (`test`, `enough`, `nobody`) are left out: with one of them a text is let through.
 */
const PLACEHOLDER_WORDS: ReadonlySet<string> = new Set(
  (
    'a the my your our you this that is be must should goes of for in to me it i and or use some as output very super top long longer strong ' +
    'random secure safe private secret secrets session sessions cookie cookies jwt auth signing key keys password passphrase ' +
    'token string text value character characters chars char bytes bit bits app application server express nest nestjs node ' +
    'web site example sample demo dummy default change changed replace replaced generate put insert enter here please with openssl rand base hex'
  ).split(' '),
);

/** Marks of templates and of notes to oneself, as they were written. */
const TEMPLATE_PATTERNS: readonly RegExp[] = [
  /^<[\w ,.:;'!?-]+>$/,
  /\{\{[\w .-]{4,}\}\}/,
  // A variable or a command that no shell has put anything in place of, wherever it stands.
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
 * What is wrong with a secret that is long enough: everybody can guess it, because it stands in examples, says that it
 * is none, consists of the words that such texts are made of, or repeats itself. Errs on the side of the passphrase: it does not
 * measure strength.
 *
 * @param enough from how many characters on a text is long enough: one that repeats a shorter one is not
 * @returns the rest of a sentence that begins with the secret, without showing it; null where nothing is wrong
 */
export function weaknessOf(secret: string, enough: number): string | null {
  const lower = secret.toLowerCase();
  const period = periodOf(lower);
  if (period < enough && period <= lower.length / 2) {
    return period === 1 ? 'repeats one character' : `repeats the same ${period} characters`;
  }
  const different = new Set(secret).size;
  if (different < FEWEST_CHARACTERS) return `has only ${different} different characters`;
  // Every second character as well, for two runs that take turns: `a1b2c3`.
  if (isMostlyRun(lower, 1) || isMostlyRun(lower, 2)) return 'runs along the alphabet or the keyboard';
  const words = secret
    .replaceAll(/(?<=[a-z])(?=[A-Z])|[^a-zA-Z0-9]+/g, ' ')
    .trim()
    .toLowerCase();
  // Random bytes have words too, of one letter.
  const isWords = words.length >= secret.length * 0.75;
  if (isWords && isOneWord(words)) return 'repeats one word';
  if (isRepetitive(words, lower.length, enough)) return 'repeats the same words';
  if (isPadded(lower, enough)) return 'is short, and filled up with one character';
  const isPlaceholder =
    TEMPLATE_PATTERNS.some((mark) => mark.test(secret.trim())) ||
    PLACEHOLDERS.some((phrase) => phrase.test(words)) ||
    (isWords && hasOnlyPlaceholderWords(words)) ||
    isRunTogether(lower);
  return isPlaceholder ? 'is a placeholder' : null;
}

/** The length of the shortest part that the text is a repetition of, the last time perhaps cut short. */
function periodOf(text: string): number {
  let period = 1;
  while (!text.startsWith(text.slice(period))) period += 1;
  return period;
}

/**
 * Whether the words are the same again and again, whatever stands between them and behind the last that is no letter:
 * `not-a-secret-not-a-secret!`, `hunter1hunter2hunter3`. Of a text that is hardly made of words nothing is said.
 */
function isRepetitive(words: string, length: number, enough: number): boolean {
  const text = words.replaceAll(/[^a-z]/g, ' ').trim();
  if (text.length < length * 0.75) return false;
  return [text, `${text} `].some((each) => {
    const period = periodOf(each);
    return period < enough && period <= each.length / 2;
  });
}

/** Whether three words or more and numbers are all that there is, and no word that is not one of a placeholder. */
function hasOnlyPlaceholderWords(text: string): boolean {
  const words = text.split(' ').flatMap((word) => word.replace(/\d+$/, '') || []);
  return words.length > 2 && words.every((word) => PLACEHOLDER_WORDS.has(word));
}

/** The same of words with nothing but digits between them: `thisisaverysecretkey32byteslong`. */
function isRunTogether(text: string): boolean {
  const ends = [0];
  for (let end = 1; end <= text.length; end += 1) {
    const isEnd = ends.some((start) => {
      const word = text.slice(start, end);
      return PLACEHOLDER_WORDS.has(word) || /^\d$/.test(word);
    });
    if (isEnd) ends.push(end);
  }
  return ends.at(-1) === text.length && /[a-z]{12}/.test(text);
}

/** Whether a text is as long as it is by one character that stands at its end again and again: `my-secret000000...`. */
function isPadded(text: string, enough: number): boolean {
  const padding = /(.)\1*$/su.exec(text)?.[0] ?? '';
  return text.length - padding.length < enough * 0.7;
}

/**
 * Whether three quarters of the characters follow from the one that stands some places before: `abcdef...`, `12345...`,
 * `qwerty...`, `aaaabbbb...`.
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

/** `secret_secret-SECRET secret1`. */
function isOneWord(words: string): boolean {
  const list = words.split(' ').map((word) => word.replace(/\d+$/, ''));
  return list.length > 2 && new Set(list).size === 1 && list[0] !== '';
}
