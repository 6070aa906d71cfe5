import { dirname, join, relative, resolve } from 'node:path';
import type { Plugin } from 'rolldown';
import { compileProgram } from './compile-program.js';

const root = resolve(import.meta.dirname, '../..');
const library = join(root, 'lib/');

/** In the matrix, the package as installed, with its dependencies below it; see test/matrix. */
const installed =
  process.env['MATRIX_TREE'] === undefined ? undefined : join(root, 'node_modules/nestjs-session-kit/dist');

/** Takes the package's modules from where it is installed. */
function takenFrom(dist: string): Plugin {
  return {
    name: 'installed package',
    resolveId(imported, importer) {
      if (importer === undefined || !imported.startsWith('.')) return null;
      const path = resolve(dirname(importer), imported);
      if (!path.startsWith(library)) return null;
      return { id: join(dist, relative(library, path)), external: 'absolute' };
    },
  };
}

/**
 * Compiles a Nest application, with the package, into a folder so that plain Node can run it with the packages installed here.
 *
 * @param program path of its TypeScript source
 * @returns path of the compiled program
 */
export function compileApplication(program: string, folder: string): Promise<string> {
  return compileProgram(program, folder, {
    plugins: installed === undefined ? [] : [takenFrom(installed)],
    // Installed packages. The helpers that the compiler itself adds come with it.
    external: /^(?!@oxc-project\/)[@a-z]/,
  });
}
