import { isWellFormed } from './well-formed.js';

const UTF8 = 1;
const UTF16 = 2;

/** UTF-8, and where that has no letters for it (half a surrogate pair) UTF-16; the first byte says which. */
export function bytesOf(payload: string): Buffer {
  const isPlain = isWellFormed(payload);
  return Buffer.concat([
    Buffer.of(isPlain ? UTF8 : UTF16),
    Buffer.from(payload, isPlain ? 'utf8' : 'utf16le'),
  ]);
}

/** The text of `bytesOf`. */
export function textOf(bytes: Buffer): string {
  return bytes.toString(bytes[0] === UTF8 ? 'utf8' : 'utf16le', 1);
}
