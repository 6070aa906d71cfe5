import { cp, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

const root = resolve(import.meta.dirname, '../..');

const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 };

/**
 * Compiles the schematics into a folder: the Nest CLI loads them itself, outside the test runner.
 *
 * @returns the path of their collection.json
 */
export async function buildSchematics(folder: string): Promise<string> {
  const from = join(root, 'schematics');
  const names = await readdir(from, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const name of names.filter((file) => /\.(ts|json)$/.test(file))) {
    const target = join(folder, name);
    await mkdir(dirname(target), { recursive: true });
    if (name.endsWith('.json')) {
      await cp(join(from, name), target);
    } else {
      const text = await readFile(join(from, name), 'utf8');
      await writeFile(target.replace(/ts$/, 'js'), transpileModule(text, { compilerOptions }).outputText);
    }
  }
  return join(folder, 'collection.json');
}
