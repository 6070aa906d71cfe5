import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import project from '../../vitest.config.js';
import { SkipNotes } from './skip-notes.js';

/** The folder that `run.mjs` has created; see tree.mjs. */
const tree = process.env['MATRIX_TREE'] ?? '';

const { exclude: _exclude, coverage: _coverage, ...shared } = project.test ?? {};

/**
 * The project's tests, run against the installed package instead of its sources, even where a test imports one of its
 * files. Each file exists once, loaded by Node itself.
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
