import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import project from '../../vitest.config.js';
import { SkipNotes } from './skip-notes.js';

/** Where `run.mjs` has laid out the tests; see tree.mjs. */
const tree = process.env['MATRIX_TREE'] ?? '';

const { exclude: _exclude, coverage: _coverage, ...shared } = project.test ?? {};

/**
 * The project's tests, with the package as it is installed in place of its sources: also where a test looks into one of
 * its files. There is one copy of each, as Node itself loads it.
 */
export default defineConfig({
  root: tree,
  resolve: {
    alias: [
      {
        find: /^(?:\.\.\/)+lib\/(.*)$/,
        replacement: `${join(tree, 'node_modules/nestjs-session-kit/dist')}/$1`,
      },
    ],
  },
  test: {
    ...shared,
    reporters: ['dot', new SkipNotes()],
    include: ['test/**/*.spec.ts'],
    globalSetup: [join(tree, 'test/servers/global-setup.ts')],
  },
});
