import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SnippetFile, pastedFiles } from '../support/doc-snippets.js';
import type { Compiler } from './compiler.js';

/** Below the repository, so that the snippets' imports resolve. */
const FOLDER = join(import.meta.dirname, '..', '..', 'tmp', `snippets-${process.pid}`);

const declares = ({ code }: SnippetFile): boolean => /^declare module/m.test(code);

/**
 * Tests that the snippets of the documentation compile. They are written into one folder, since they import each other.
 *
 * @param compiler shared with others, as they import much the same
 */
export function describeSnippets(compiler: Compiler): void {
  describe('the code in the documentation', () => {
    const files = pastedFiles();

    beforeAll(() => {
      mkdirSync(FOLDER, { recursive: true });
      for (const { name, code } of files) writeFileSync(join(FOLDER, name), code);
    });
    afterAll(() => {
      rmSync(FOLDER, { recursive: true, force: true });
    });

    // Snippets that declare types for the whole application are compiled separately, because readers of other pages do not
    // have them.
    it.each([
      ['each', 20, files.filter((file) => !declares(file))],
      ['declare types for the whole application, and each', 0, files.filter(declares)],
    ])('consists of snippets that %s compile in strict mode when pasted', (_, atLeast, part) => {
      expect(part.length).toBeGreaterThan(atLeast);
      const names = part.map(({ name }) => join(FOLDER, name));
      expect(compiler.errorsIn(names, FOLDER)).toEqual([]);
    });
  });
}
