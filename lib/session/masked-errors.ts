import type { FieldErrors, FormErrors } from './form-bags.js';

const MASK = '…';

/** Shorter ones are taken for what was typed in quotes only: they are words, or parts of some. */
const SHORTEST_BARE = 4;

/**
 * Errors without what a form keeps to itself (passwords, tokens): some libraries say in a message what they have received.
 *
 * @param withheld the texts that were typed there
 */
export function maskedErrors(errors: FormErrors, withheld: ReadonlySet<string>): FormErrors {
  const texts = [...withheld].filter((text) => text !== '');
  if (texts.length === 0) return errors;
  return Object.fromEntries(
    Object.entries(errors).map(([field, [first, ...rest]]): [string, FieldErrors] => {
      const mask = (message: string): string =>
        texts.reduce((masked, text) => withoutText(masked, text, field), message);
      return [field, [mask(first), ...rest.map(mask)]];
    }),
  );
}

function withoutText(message: string, text: string, field: string): string {
  const escaped = JSON.stringify(text).slice(1, -1);
  const quoted = [text, escaped].reduce(
    (masked, each) => masked.replaceAll(`"${each}"`, `"${MASK}"`).replaceAll(`'${each}'`, `'${MASK}'`),
    message,
  );
  // A message begins with the name of its field, which somebody may have typed as well.
  if (text.length < SHORTEST_BARE || field.split('.').includes(text)) return quoted;
  return quoted.replaceAll(text, MASK);
}
