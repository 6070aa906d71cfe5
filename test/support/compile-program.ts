import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { ModuleKind, ScriptTarget, preProcessFile, transpileModule } from 'typescript';

const root = resolve(import.meta.dirname, '../..');

const compilerOptions = {
  module: ModuleKind.ESNext,
  target: ScriptTarget.ES2023,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** What else to compile, and what is there already. */
interface Extent {
  /** More sources, which the program does not import. Default none */
  readonly more?: readonly string[];
  /** Whether an imported source needs no compiling. Default: none is there */
  readonly isThere?: (source: string) => boolean;
}

/**
 * Compiles a program and its relative imports into a folder so that plain Node can run it: child processes run outside
 * the test runner.
 *
 * @param program path of its TypeScript source
 * @returns path of the compiled program
 */
export async function compileProgram(
  program: string,
  folder: string,
  { more = [], isThere = () => false }: Extent = {},
): Promise<string> {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const compiled = new Set<string>();
  const waiting = [resolve(program), ...more];
  for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
    if (compiled.has(source)) continue;
    compiled.add(source);
    const text = await readFile(source, 'utf8');
    const target = targetOf(source, folder);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, transpileModule(text, { compilerOptions, fileName: source }).outputText);
    for (const { fileName } of preProcessFile(text).importedFiles) {
      const imported = resolve(dirname(source), fileName.replace(/\.js$/, '.ts'));
      if (fileName.startsWith('.') && !isThere(imported)) waiting.push(imported);
    }
  }
  return targetOf(resolve(program), folder);
}

function targetOf(source: string, folder: string): string {
  return join(folder, relative(root, source).replace(/\.ts$/, '.js'));
}
