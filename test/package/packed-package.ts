import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { makeScratchFolder } from '../support/scratch-folder.js';

const execute = promisify(execFile);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the package is built from; nothing else in the repository may be needed. */
const SOURCES = [
  'lib',
  'build',
  'schematics',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.commonjs.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
];

/** The package as npm publishes it. */
export interface PackedPackage {
  /** Where it was built, beside its sources. */
  readonly folder: string;
  readonly tarball: string;
  /** The paths in the tarball. */
  readonly contents: readonly string[];
}

/**
 * Builds and packs the package.
 *
 * @returns the address of a folder for `packedIn`, and a function that removes it
 */
export async function packPackage(): Promise<{ url: string; stop: () => Promise<void> }> {
  const place = makeScratchFolder('session-package-');
  const { folder, tarball, list } = pathsIn(place);
  mkdirSync(folder);
  for (const source of SOURCES) {
    const from = join(ROOT, source);
    if (existsSync(from)) cpSync(from, join(folder, source), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  buildUnchecked(folder);
  const { stdout } = await execute('npm', ['pack', '--json', '--silent'], { cwd: folder });
  const [packed]: { filename: string; files: { path: string }[] }[] = JSON.parse(
    stdout.slice(stdout.indexOf('[\n')),
  );
  if (packed === undefined) throw new Error(`npm pack said: ${stdout}`);
  cpSync(join(folder, packed.filename), tarball);
  writeFileSync(list, JSON.stringify(packed.files.map(({ path }) => path)));
  return {
    url: pathToFileURL(place).href,
    stop: async () => rmSync(place, { recursive: true, force: true }),
  };
}

/** The same files in less time: whether the sources have type errors is checked elsewhere. */
function buildUnchecked(folder: string): void {
  const path = join(folder, 'tsconfig.json');
  const { compilerOptions, ...others }: { compilerOptions: object } = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...others, compilerOptions: { ...compilerOptions, noCheck: true } }));
}

/** @param url of a folder that `packPackage` has made */
export function packedIn(url: string): PackedPackage {
  const { folder, tarball, list } = pathsIn(fileURLToPath(url));
  return { folder, tarball, contents: JSON.parse(readFileSync(list, 'utf8')) };
}

const pathsIn = (place: string) => ({
  folder: join(place, 'package'),
  tarball: join(place, 'package.tgz'),
  list: join(place, 'contents.json'),
});
