import { createRequire } from 'node:module';
import { join } from 'node:path';
import type TypeScript from 'typescript';

/** The compiler of the application. */
export type Compiler = typeof TypeScript;

/**
 * Loads the TypeScript compiler of the application in the working directory, or that of its Nest CLI. This
 * package does not depend on TypeScript, because only the schematics need it.
 *
 * @throws if there is none that can read sources
 */
export function loadTypeScript(): Compiler {
  const fromApplication = createRequire(join(process.cwd(), 'package.json'));
  for (const find of [() => fromApplication, () => createRequire(fromApplication.resolve('@nestjs/cli'))]) {
    try {
      const found: unknown = find()('typescript');
      if (isCompiler(found)) return found;
    } catch {
      // Try the next one.
    }
  }
  throw new Error(
    'The application has no TypeScript compiler that can read its sources. Run `npm install --save-dev typescript` first.',
  );
}

const isCompiler = (value: unknown): value is Compiler =>
  typeof value === 'object' &&
  value !== null &&
  'createSourceFile' in value &&
  typeof value.createSourceFile === 'function';
