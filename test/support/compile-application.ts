import { readdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compileProgram } from './compile-program.js';

const root = resolve(import.meta.dirname, '../..');
const library = join(root, 'lib/');

/** In the matrix, the package as installed, with its dependencies below it; see test/matrix. */
const installed =
  process.env['MATRIX_TREE'] === undefined ? undefined : join(root, 'node_modules/nestjs-session-kit/dist');

/**
 * Compiles a Nest application and the package into a folder so that plain Node can run it.
 *
 * @param program path of its TypeScript source
 * @returns path of the compiled program
 */
export async function compileApplication(program: string, folder: string): Promise<string> {
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (installed === undefined) return compileProgram(program, folder, { more: await sourcesOfLibrary() });
  await symlink(installed, join(folder, 'lib'));
  return compileProgram(program, folder, { isThere: (source) => source.startsWith(library) });
}

async function sourcesOfLibrary(): Promise<string[]> {
  const names = await readdir(library, { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(library, name));
}
