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
 * Loads a documentation snippet, unchanged, and returns its exports.
 *
 * @param name its first line, `// name.ts`
 */
export const loadedSnippet = <T>(name: string): Promise<T> => loadedModule(name, docSnippet(name));

/** Compiles a module by itself, without a look at its imports or types. */
export const transpiled = (text: string): string => ts.transpile(text, OPTIONS);

/** Loads a TypeScript module from its text and returns its exports. */
export async function loadedModule<T>(name: string, text: string): Promise<T> {
  // Below the repository, so that the snippet's imports resolve.
  const folder = join(import.meta.dirname, '..', '..', 'tmp', `snippet-${process.pid}-${name}`);
  mkdirSync(folder, { recursive: true });
  try {
    const file = join(folder, name.replace(/\.ts$/, '.js'));
    writeFileSync(file, transpiled(text));
    return await import(/* @vite-ignore */ file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
