/** The bytes of a text of base64url in its one spelling. Null for any other: the decoder forgives foreign characters and spare bits. */
export function strictBytes(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}
