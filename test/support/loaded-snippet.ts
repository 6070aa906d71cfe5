import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { docSnippet } from './doc-snippets.js';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/**
 * What a snippet of the documentation exports, as it stands there.
 *
 * @param name its first line, `// name.ts`
 */
export const loadedSnippet = <T>(name: string): Promise<T> => loadedModule(name, docSnippet(name));

/** What a TypeScript file exports that stands in no folder yet. */
export async function loadedModule<T>(name: string, text: string): Promise<T> {
  // Below the repository, so that the snippet finds the packages that it imports.
  const folder = join(import.meta.dirname, '..', '..', 'tmp', `snippet-${process.pid}-${name}`);
  mkdirSync(folder, { recursive: true });
  try {
    const file = join(folder, name.replace(/\.ts$/, '.js'));
    writeFileSync(file, ts.transpile(text, OPTIONS));
    return await import(/* @vite-ignore */ file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
