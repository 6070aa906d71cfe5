import { execFile } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const builds = join(root, 'tmp', 'browser');

/** What the shop is compiled from, besides installed packages. */
const SOURCES = ['lib', 'sample', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const OUTDATED_AFTER_MS = 60 * 60 * 1000;

/**
 * Builds the package and the sample as `npm start` does, into a folder that is named after a fingerprint of the
 * sources: tests never run an outdated build, never wait for one that is there, and never touch `dist`.
 *
 * @returns the compiled main file of the sample
 */
export async function buildShop(): Promise<string> {
  built ??= buildOnce();
  return built;
}

let built: Promise<string> | undefined;

async function buildOnce(): Promise<string> {
  const folder = join(builds, fingerprint());
  if (!existsSync(folder)) {
    removeOutdatedBuilds();
    await build(folder);
  }
  return join(folder, 'dist-sample', 'main.js');
}

/** Compiles into a folder beside it and renames that in one step: test files that start together may both build. */
async function build(folder: string): Promise<void> {
  mkdirSync(builds, { recursive: true });
  const workplace = mkdtempSync(`${folder}-`);
  try {
    await compile(workplace);
    renameSync(workplace, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

async function compile(folder: string): Promise<void> {
  // The name `nestjs-session-kit` resolves to the nearest package.json, so to the package that is built right here.
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'sample'), join(folder, 'sample'));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const run = async (config: string, outDir: string): Promise<void> => {
    // The type check covers types; here they would be checked against a `dist` that may be older. Each file is compiled
    // by itself (`isolatedModules`), without reading its imports.
    const byItself = ['--noCheck', '--noResolve', '--declaration', 'false'];
    const args = [tsc, '-p', join(root, config), ...byItself, '--outDir', join(folder, outDir)];
    try {
      await execute(process.execPath, args);
    } catch (error) {
      // tsc writes its errors to standard output.
      const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`${config} does not compile: ${said}`, { cause: error });
    }
  };
  await Promise.all([run('tsconfig.build.json', 'dist'), run('sample/tsconfig.json', 'dist-sample')]);
}

function removeOutdatedBuilds(): void {
  if (!existsSync(builds)) return;
  for (const name of readdirSync(builds)) {
    const path = join(builds, name);
    const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (ageMs > OUTDATED_AFTER_MS) rmSync(path, { recursive: true, force: true });
  }
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) addTo(hash, join(root, source));
  return hash.digest('hex').slice(0, 16);
}

function addTo(hash: Hash, path: string): void {
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path).toSorted()) addTo(hash, join(path, name));
  } else {
    hash.update(path).update(readFileSync(path));
  }
}
