import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { ModuleKind, ScriptTarget, preProcessFile, transpileModule } from 'typescript';

const root = resolve(import.meta.dirname, '../../..');

/**
 * Compiles a program and its relative imports into a folder so that plain Node can run it: child processes run outside
 * the test runner.
 *
 * @param program path of its TypeScript source
 * @returns path of the compiled program
 */
export async function compileProgram(program: string, folder: string): Promise<string> {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const compiled = new Map<string, string>();
  const waiting = [resolve(program)];
  for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
    if (compiled.has(source)) continue;
    const text = await readFile(source, 'utf8');
    const target = join(folder, relative(root, source).replace(/\.ts$/, '.js'));
    compiled.set(source, target);
    await mkdir(dirname(target), { recursive: true });
    const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 };
    await writeFile(target, transpileModule(text, { compilerOptions }).outputText);
    for (const { fileName } of preProcessFile(text).importedFiles) {
      if (fileName.startsWith('.')) waiting.push(resolve(dirname(source), fileName.replace(/\.js$/, '.ts')));
    }
  }
  return compiled.get(resolve(program)) ?? '';
}
