import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weaknessOf } from '../../lib/options/weak-secret.js';

const LENGTH = 32;

const weakness = (text: string): string | null => {
  expect(text.length, text).toBeGreaterThanOrEqual(LENGTH);
  return weaknessOf(text, LENGTH);
};

/** Words as dice would pick them from a list. */
const WORDS =
  'abacus acorn banjo basket cactus candle dolphin dragon eagle ember falcon feather garden glacier hammer harbor iceberg ivory jacket jungle kettle kitten ladder lantern magnet marble napkin needle ocean orchid paddle pebble quartz quiver rabbit ribbon saddle salmon tablet thunder umbrella unicorn valley velvet walnut window yogurt zebra zipper correct production secretary session keyboard random changes password'.split(
    ' ',
  );

const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Repeats a text to 32 characters or more. */
const filled = (text: string): string => text.repeat(Math.ceil(LENGTH / text.length));

describe('A secret', () => {
  it.each([
    ['a'.repeat(32), 'repeats one character'],
    [' '.repeat(40), 'repeats one character'],
    ['abc'.repeat(11), 'repeats the same 3 characters'],
    ['1234567890'.repeat(4).slice(0, 32), 'repeats the same 10 characters'],
    [filled('secret '), 'repeats the same 7 characters'],
    [filled('password'), 'repeats the same 8 characters'],
    [filled('changeme'), 'repeats the same 8 characters'],
    ['0123456789abcdef0123456789abcdef', 'repeats the same 16 characters'],
    ['Tr0ub4dor&3Tr0ub4dor&3Tr0ub4dor&3', 'repeats the same 11 characters'],
    [`${'a'.repeat(31)}b`, 'has only 2 different characters'],
    ['aabbccddeeaabbccddeebbaaccddeeaa', 'has only 5 different characters'],
    ['abcdefghijklmnopqrstuvwxyz123456', 'runs along the alphabet or the keyboard'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef', 'runs along the alphabet or the keyboard'],
    ['zyxwvutsrqponmlkjihgfedcba987654', 'runs along the alphabet or the keyboard'],
    ['qwertyuiopasdfghjklzxcvbnm123456', 'runs along the alphabet or the keyboard'],
    ['aaaabbbbccccddddeeeeffffgggghhhh', 'runs along the alphabet or the keyboard'],
    ['a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6', 'runs along the alphabet or the keyboard'],
    ['secret00000000000000000000000000', 'runs along the alphabet or the keyboard'],
    ['Password1password1PASSWORD1password1', 'repeats the same 9 characters'],
    ['secret-secret_SECRET secret1 secret', 'repeats the same words'],
    ['changeme-changeme-please-changeme-now', 'is a placeholder'],
    ['change-me-in-production-or-be-sorry', 'is a placeholder'],
    ['ChangeMeToSomethingOfYourOwn1234567', 'is a placeholder'],
    ['session-secret-CHANGE_ME-in-production', 'is a placeholder'],
    ['CHANGE THIS TO A LONG RANDOM STRING', 'is a placeholder'],
    ['this is a secret that you must change', 'is a placeholder'],
    ['my-key-is-90417263850917264830571', 'is a placeholder'],
    ['your_32_character_or_longer_secret_!', 'is a placeholder'],
    ['ThisIsASecretKeyThatShouldBeChanged123', 'is a placeholder'],
    ['please_change_this_before_you_deploy', 'is a placeholder'],
    ['replace-me-with-a-long-random-string', 'is a placeholder'],
    ['replace with 32 random characters...', 'is a placeholder'],
    ['your-secret-here-at-least-32-characters', 'is a placeholder'],
    ['your-super-secret-session-key-32-chars', 'is a placeholder'],
    ['YOUR_SESSION_SECRET_OF_32_CHARACTERS', 'is a placeholder'],
    ['your-256-bit-secret-goes-in-this-place', 'is a placeholder'],
    ['the session secret goes here, please', 'is a placeholder'],
    ['insert your own secret in this place', 'is a placeholder'],
    ['to sign cookies, use your own secret', 'is a placeholder'],
    ['put the session secret here, 32 letters', 'is a placeholder'],
    ['my-super-secret-key-that-nobody-guesses', 'is a placeholder'],
    ['a placeholder of thirty-two letters', 'is a placeholder'],
    ['keyboard cat, but now long enough...', 'is a placeholder'],
    ['a longer KeyboardCat than is usual...', 'is a placeholder'],
    ['correct horse battery staple and more', 'is a placeholder'],
    ['TODO: take this from the environment', 'is a placeholder'],
    ['todo: take this from the environment', 'is a placeholder'],
    ['fixme, or everybody signs his own cookies', 'is a placeholder'],
    ['<a secret of 32 characters or more>', 'is a placeholder'],
    ['${SESSION_SECRET_FROM_THE_ENVIRONMENT}', 'is a placeholder'],
    ['$SESSION_SECRET_OF_THE_ENVIRONMENT', 'is a placeholder'],
    ['$(openssl rand -base64 32 | tr -d "=")', 'is a placeholder'],
    ['{{ session_secret_of_the_application }}', 'is a placeholder'],
    ['my-super-secret-key-that-is-32-chars!', 'is a placeholder'],
    ['a-very-long-secret-of-at-least-32-characters', 'is a placeholder'],
    ['complex_password_at_least_32_characters_long', 'is a placeholder'],
    ['a secret with minimum length of 32 characters', 'is a placeholder'],
    ['this secret must be 32 characters long', 'is a placeholder'],
    ['averylogphrasebiggerthanthirtytwochars', 'is a placeholder'],
    ['SomeRandomStringWith32Characters', 'is a placeholder'],
    ['dev-secret-do-not-use-in-production!!', 'is a placeholder'],
    ['only for my machine, not for production', 'is a placeholder'],
    ['DO NOT USE THIS VALUE. INSTEAD, CREATE A COMPLEX SECRET', 'is a placeholder'],
    ['not-a-secret-not-a-secret-not-a-secret!', 'repeats the same words'],
    ['supersecretsupersecretsupersecret1', 'repeats the same words'],
    ['keyboard-cat keyboard cat keyboard_cat 42', 'repeats the same words'],
    ['your-256-bit-secret-your-256-bit-secret', 'repeats the same words'],
    ['ThisIsASecretKeyThatShouldBeChanged', 'is a placeholder'],
    ['this is a very long secret key that you should change', 'is a placeholder'],
    ['default-session-secret-change-in-prod', 'is a placeholder'],
    ['generate-with-openssl-rand-base64-32-please', 'is a placeholder'],
    ['session-secret-for-local-development', 'is a placeholder'],
    ['insecure-development-secret-0123456789', 'is a placeholder'],
    ['process.env.SESSION_SECRET_OF_THE_SHOP', 'is a placeholder'],
    ['example-session-secret-example-session', 'is a placeholder'],
    ['long random string of 32 characters!', 'is a placeholder'],
    ['some-very-long-random-string-goes-here', 'is a placeholder'],
    ['session_secret_must_be_32_characters', 'is a placeholder'],
    ['put-a-32-character-secret-in-here-please', 'is a placeholder'],
    ['use-a-long-random-string-of-characters', 'is a placeholder'],
    ['output of openssl rand -base64 32 here', 'is a placeholder'],
    ['my-super-secret-session-secret-key-1234', 'is a placeholder'],
    ['this-is-a-very-long-secret-for-sessions', 'is a placeholder'],
    ['ThisIsMyVerySecureSessionPassword2024', 'is a placeholder'],
    ['express_session_default_secret_value_1', 'is a placeholder'],
    ['generate-me-with-openssl-rand-base64-32', 'is a placeholder'],
    ['$(openssl rand -base64 32)000000000000', 'is a placeholder'],
    ['`openssl rand -hex 32` 0123456789abcdef', 'is a placeholder'],
    ['shop-${SESSION_SECRET}-0123456789abcdef', 'is a placeholder'],
    ['shop-{{ .Values.sessionSecret }}-0123456', 'is a placeholder'],
    ['remplacez-moi-par-une-vraie-cle-secrete', 'is a placeholder'],
    ['bitte-aendern-bevor-das-live-geht-4711', 'is a placeholder'],
    ['thisisasecretkeythatis32byteslong', 'is a placeholder'],
    ['MYSUPERLONGRANDOMSTRINGFORSESSIONS2026', 'is a placeholder'],
    ['insecure-default-secret-do-not-use-in-prod', 'is a placeholder'],
    ['hunter1hunter2hunter3hunter4hunter5hunter6', 'repeats the same words'],
    ['hunter2023 hunter2024 hunter2025 hunter2026', 'repeats the same words'],
    ['qwertzuiopasdfghjklyxcvbnm1234567890', 'runs along the alphabet or the keyboard'],
    ['azertyuiopqsdfghjklmwxcvbn1234567890', 'runs along the alphabet or the keyboard'],
    ['qwertyuiop1234567890zxcvbnm0987654321', 'runs along the alphabet or the keyboard'],
    ['your session password for Ann and Bob', 'is a placeholder'],
    ['The passphrase goes here, dear reader', 'is a placeholder'],
    ['any text you like, 40 characters long', 'is a placeholder'],
    ['some random string nobody ever guessed', 'is a placeholder'],
    ['this one should be changed by the team', 'is a placeholder'],
    ['we should replace the thing some day ok', 'is a placeholder'],
    ['better change in production, my friend', 'is a placeholder'],
    ['generate with dice, or ask the operator', 'is a placeholder'],
    ['default password of the demo machines 1', 'is a placeholder'],
    ['Lorem ipsum dolor sit amet, consectetur', 'is a placeholder'],
    ['<whatever the operator has thought of>', 'is a placeholder'],
    ['${whatever the operator has thought of}', 'is a placeholder'],
    ['TBD by Ann and Bob before they go live', 'is a placeholder'],
  ])('is refused if it is guessable: %s', (text, expected) => {
    expect(weakness(text)).toBe(expected);
  });

  it.each([
    'keyboard cat',
    'my-secret',
    'my secret',
    'secret',
    's3Cur3',
    'session-secret',
    'your-secret-key',
    'SomeRandomString',
    'some-secret-key',
    'changeme',
    'change_me',
    'mysupersecret',
    'shhhhhhared-secret',
  ])('is refused if it is a repeated example (%s)', (example) => {
    const long = Math.max(LENGTH, 2 * example.length + 2);
    for (const again of [example, `${example}-`, `${example} `]) {
      expect(weakness(again.repeat(8)), again).not.toBeNull();
      expect(weakness(again.repeat(8).slice(0, long)), again).not.toBeNull();
    }
    for (const filling of 'x0-! ') {
      expect(weakness(example.padEnd(long, filling)), filling).not.toBeNull();
    }
  });

  it.each([
    'a secret of the cases, long enough for all of them',
    'a secret for tests that is long enough',
    'A SECRET FOR TESTS THAT IS LONG ENOUGH',
    'not a secret for tests that is long enough',
    'a secret for development only and known to everybody',
    'another-secret-that-is-long-enough-for-it',
    'the new secret, which is long enough too',
    'my secret of thirty-two characters or more',
    'an-example-secret-with-32-characters',
    'test-secret-test-secret-and-something-else',
    'super-secret-and-long-enough-for-anybody',
    'todo lo que brilla no es oro, dice mi abuela',
    'nothing can change me now, said the old river',
    'The exchange met at noon; nobody came, your key in hand.',
    'tell me your password and I tell you who you are',
    'your secret is safe with me, said the old fox',
    'you will never change meadows into replacement rivers',
    'put the kettle on when the rain begins',
    'the password of the day is a password indeed',
    'open sesame said the thief and the door fell',
    'Mein Name ist Hase, ich weiß von nichts und niemand',
    'crouton-unhitch-secret-session-random-ladle',
    'my session with the random string quartet',
    '$(pa$$w0rd) and {braces} are in here; no',
    '83920 47156 90283 61749 25038 17465',
    'open sesame said the thief and the door fell; open-sesame-said-the-thief-and-the-door-fell',
    '人之初性本善性相近习相远苟不教性乃迁教之道贵以专昔孟母择邻处子不学断机杼',
  ])('is accepted if it is a passphrase, even a poor one: %s', (text) => {
    expect(weakness(text)).toBeNull();
  });

  it('is accepted if it is random, in any alphabet', () => {
    const alphabets = ['hex', 'base64', 'base64url', 'latin1'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...alphabets), fc.integer({ min: 32, max: 96 }), (alphabet, length) => {
        expect(weakness(randomBytes(length).toString(alphabet))).toBeNull();
      }),
      { numRuns: 2000 },
    );
    for (let round = 0; round < 500; round += 1) {
      expect(weakness(Array.from({ length: 40 }, () => randomInt(10)).join(''))).toBeNull();
    }
  });

  it.each(['be1a987a-6232-466a-9295-407090189a68', '7a383996-8451-4542-a578-a3a4236aa100'])(
    'is accepted if it is a UUID with few letters: %s',
    (uuid) => {
      expect(weakness(uuid)).toBeNull();
    },
  );

  it.each(['a', 'i'])('is accepted if the only letter among symbols is %s', (letter) => {
    const marks = '§±´¿÷×°¬¦¶·»«¡£¥©®';
    const secret = Array.from({ length: 4 }, (_, at) => letter + marks.slice(at, at + 9)).join('');
    expect(weakness(secret)).toBeNull();
  });

  // A false refusal has a probability below one in a billion: 32 characters would have to form a few short words.
  it.each([
    '0123456789abcdef',
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
    `${ALPHANUMERIC}+/`,
    `${ALPHANUMERIC}-_`,
    ALPHANUMERIC,
  ])('is accepted if it is drawn from %s', (alphabet) => {
    const picks = fc.array(fc.nat(alphabet.length - 1), { minLength: LENGTH, maxLength: 2 * LENGTH });
    fc.assert(
      fc.property(fc.noBias(picks), (drawn) => {
        expect(weakness(drawn.map((pick) => alphabet[pick]).join(''))).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it('is accepted if it is generated: identifiers, words by dice, passwords', () => {
    const letters = ALPHANUMERIC;
    const text = (alphabet: string, minLength: number) =>
      Array.from({ length: minLength + randomInt(30) }, () => alphabet[randomInt(alphabet.length)]).join('');
    const words = (separator: string): string => {
      const picked = new Set<string>();
      while (picked.size < 4 || [...picked].join(separator).length < LENGTH) {
        picked.add(WORDS[randomInt(WORDS.length)] ?? '');
      }
      return [...picked].join(separator);
    };
    const makers = [
      () => randomUUID() + randomUUID(),
      () => `${randomUUID()}-${randomUUID()}`,
      () => randomUUID(),
      () => text(`${letters}_-`, LENGTH),
      () => text(letters, LENGTH),
      // One in a quarter of a million would look like a note (`tbd:`) or a template (`{{name}}`): these do not.
      () => randomInt(10) + text(`${letters}!#$%&()*+,./:;=?@[]^|}~`, LENGTH),
      () => words('-'),
      () => words(' '),
      () => words('.'),
      () => words(String(randomInt(1000))),
      () => words('_') + String(randomInt(1_000_000)),
    ];
    for (const make of makers) {
      for (let round = 0; round < 1000; round += 1) expect(weakness(make())).toBeNull();
    }
  });

  it('that repeats itself is as strong as the repeated part', () => {
    const good = randomBytes(24).toString('base64url');
    expect(weakness(good + good)).toBeNull();
    expect(weakness(good.slice(0, 31) + good.slice(0, 31))).toBe('repeats the same 31 characters');
  });
});
