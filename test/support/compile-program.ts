import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Plugin, build } from 'rolldown';

const MODULES = resolve(import.meta.dirname, '../../node_modules');

/**
 * Compiles a program and its relative imports into a folder so that plain Node can run it: child processes run outside
 * the test runner. By the compiler that the test runner uses; types are checked elsewhere.
 *
 * @param program path of its TypeScript source
 * @param plugins decide about imports first
 * @returns path of the compiled program
 */
export async function compileProgram(
  program: string,
  folder: string,
  plugins: readonly Plugin[] = [],
): Promise<string> {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(MODULES, join(folder, 'node_modules'));
  await build({
    input: { program },
    platform: 'node',
    // Installed packages. The helpers that the compiler itself adds come with it.
    external: /^(?!@oxc-project\/)[@a-z]/,
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    plugins: [...plugins],
    output: { dir: folder, format: 'esm' },
    // Modules that the package loads on demand may be loaded at once here.
    checks: { ineffectiveDynamicImport: false },
  });
  return join(folder, 'program.js');
}
