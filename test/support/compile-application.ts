import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { ModuleKind, ScriptTarget, preProcessFile, transpileModule } from 'typescript';

const root = resolve(import.meta.dirname, '../..');

const compilerOptions = {
  module: ModuleKind.ESNext,
  target: ScriptTarget.ES2023,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** In the matrix, the package as installed, with its dependencies below it; see test/matrix. */
const installed =
  process.env['MATRIX_TREE'] === undefined ? undefined : join(root, 'node_modules/nestjs-session-kit/dist');

/**
 * Compiles a Nest application, the package and all other relative imports into a folder so that plain Node can run it:
 * child processes run outside the test runner.
 *
 * @param program path of its TypeScript source
 * @returns path of the compiled program
 */
export async function compileApplication(program: string, folder: string): Promise<string> {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const waiting = [resolve(program)];
  if (installed === undefined) waiting.push(...(await sourcesOfLibrary()));
  else await symlink(installed, join(folder, 'lib'));
  const compiled = new Set<string>();
  for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
    if (compiled.has(source)) continue;
    compiled.add(source);
    const text = await readFile(source, 'utf8');
    const target = targetOf(source, folder);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, transpileModule(text, { compilerOptions, fileName: source }).outputText);
    for (const { fileName } of preProcessFile(text).importedFiles) {
      const imported = resolve(dirname(source), fileName.replace(/\.js$/, '.ts'));
      const isThere = installed !== undefined && imported.startsWith(join(root, 'lib/'));
      if (fileName.startsWith('.') && !isThere) waiting.push(imported);
    }
  }
  return targetOf(resolve(program), folder);
}

async function sourcesOfLibrary(): Promise<string[]> {
  const names = await readdir(join(root, 'lib'), { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(root, 'lib', name));
}

function targetOf(source: string, folder: string): string {
  return join(folder, relative(root, source).replace(/\.ts$/, '.js'));
}
