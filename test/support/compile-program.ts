import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Plugin, build } from 'rolldown';

const MODULES = resolve(import.meta.dirname, '../../node_modules');

/** How to compile a program. */
interface Compilation {
  /** Decide about imports first. */
  readonly plugins?: readonly Plugin[];
  /** The packages that the program imports as they are installed. */
  readonly external?: RegExp;
}

/**
 * Compiles a program and what it imports into a folder so that plain Node can run it: child processes run outside the test
 * runner. By the compiler that the test runner uses; types are checked elsewhere. Packages become part of the program, which
 * then starts in half the time.
 *
 * @param program path of its TypeScript source
 * @returns path of the compiled program
 */
export async function compileProgram(
  program: string,
  folder: string,
  { plugins = [], external = /^node:/ }: Compilation = {},
): Promise<string> {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(MODULES, join(folder, 'node_modules'));
  await build({
    input: { program },
    platform: 'node',
    external,
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    plugins: [...plugins],
    output: { dir: folder, format: 'esm' },
    // Modules that the package loads on demand may be loaded at once here.
    checks: { ineffectiveDynamicImport: false },
  });
  return join(folder, 'program.js');
}
