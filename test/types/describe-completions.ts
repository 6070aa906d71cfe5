import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  SESSION_METHODS,
  SESSION_ONLY_PROPERTIES,
  SESSION_PROPERTIES,
} from '../../lib/session/session-members.js';
import { Editor } from '../package/editor.js';

/** Tests what an editor offers. */
export function describeCompletions(): void {
  describe('an editor', () => {
    // Below the repository, so that the package's sources and their imports resolve.
    const folder = join(import.meta.dirname, '..', '..', 'tmp', `editor-${process.pid}`);
    let editor: Editor;
    beforeAll(() => {
      mkdirSync(join(folder, 'src'), { recursive: true });
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({
          extends: '../../tsconfig.json',
          compilerOptions: { rootDir: '../..', paths: { 'nestjs-session-kit': ['../../lib/index.ts'] } },
          include: [],
          files: ['../../lib/index.ts'],
        }),
      );
      editor = new Editor(folder);
    });
    afterAll(() => {
      editor[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    });

    it('offers after `Session.` the members of a session and `current`, but none of functions', () => {
      const offered = editor.completionsAt(`import { Session } from 'nestjs-session-kit';\nSession.|`);
      expect(offered.toSorted()).toEqual(
        ['current', ...SESSION_METHODS, ...SESSION_PROPERTIES, ...SESSION_ONLY_PROPERTIES].toSorted(),
      );
    });
  });
}
