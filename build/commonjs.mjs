/**
 * Completes dist/commonjs after the compiler: adds a package.json that marks it as CommonJS, and a declaration file for each
 * entry point of the package. These re-export the declarations of the ES modules, so that every type exists once.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @type {{ exports: Record<string, string | { require?: string | { types: string } }> }} */
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

writeFileSync(join(root, 'dist/commonjs/package.json'), '{"type":"commonjs"}');
for (const entry of Object.values(exports)) {
  if (typeof entry === 'string' || typeof entry.require !== 'object') continue;
  const { types } = entry.require;
  const original = types.replace('/commonjs/', '/').replace(/\.d\.ts$/, '.js');
  writeFileSync(join(root, types), `export * from '${posix.relative(dirname(types), original)}';\n`);
}
