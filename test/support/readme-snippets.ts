import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A TypeScript snippet of the README. */
export interface Snippet {
  /** The name in its first line, or its number. */
  readonly name: string;
  readonly code: string;
}

/** Each TypeScript snippet of the README as a file. */
export function readmeSnippets(): Snippet[] {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  return [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ''], index) => ({
    name: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `snippet-${index}.ts`,
    code,
  }));
}

/** The snippet of a name. */
export function readmeSnippet(name: string): string {
  const found = readmeSnippets().find((snippet) => snippet.name === name);
  if (found === undefined) throw new Error(`The README has no snippet named ${name}.`);
  return found.code;
}
