/**
 * Runs `npm run bench`: installs what is missing, builds the package, compiles the benchmark, and starts the requested
 * part. Plain JavaScript, since it runs before anything is compiled.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { argv, env, execPath, exit, stderr, version } from 'node:process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..', '..');
const modules = join(here, 'node_modules');

const parts = {
  compare: 'compare/main.js',
  profile: 'profile/main.js',
  scale: 'scale/main.js',
  'lost-updates': 'lost-updates/main.js',
  flash: 'flash/main.js',
  calls: 'calls/main.js',
  sockets: 'sockets/main.js',
};

/** The parts that measure in their own process. The others start servers, each on the requested Node. */
const runOnFirst = new Set(['scale', 'flash', 'calls', 'sockets']);

/**
 * @param {string} program
 * @param {string[]} args
 * @param {string} [cwd]
 * @param {NodeJS.ProcessEnv} [environment]
 */
function run(program, args, cwd = root, environment = env) {
  // Standard output is reserved for the results of the benchmark.
  execFileSync(program, args, { cwd, env: environment, stdio: ['ignore', 2, 2] });
}

/** @param {string} line */
function say(line) {
  stderr.write(`${line}\n`);
}

function installPackages() {
  const lock = join(here, 'package-lock.json');
  const installed = join(modules, '.bench-lock.json');
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lock))) return;
  say('Installing the libraries to compare with ...');
  // Native packages are built only when needed.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], here);
  cpSync(lock, installed);
}

/**
 * The benchmark imports the package by name, like an application. The link is next to the compiled benchmark rather
 * than among the installed packages, where npm would follow it and rebuild or remove the project's files.
 */
function linkPackage() {
  const folder = join(here, 'dist', 'node_modules');
  mkdirSync(folder, { recursive: true });
  const link = join(folder, 'nestjs-session-kit');
  rmSync(link, { force: true });
  symlinkSync(root, link, 'junction');
}

/** @param {boolean} withPackage whether to build the package itself too */
function buildAll(withPackage) {
  const tsc = createRequire(join(root, 'package.json')).resolve('typescript/bin/tsc');
  if (withPackage) run('npm', ['run', '--silent', 'build']);
  try {
    run(execPath, [tsc, '-p', here]);
  } catch {
    say('The types do not check; what was compiled is measured all the same.');
  }
}

/** @param {string} path */
function nodeAt(path) {
  return { path, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim() };
}

/** Node 24 from the npm package `node`. */
function fetchNode24() {
  const path = join(modules, 'node', 'bin', 'node');
  if (!existsSync(path)) {
    say('Fetching Node 24 ...');
    run('npm', ['run', 'preinstall', '--loglevel=error'], join(modules, 'node'));
  }
  return nodeAt(path);
}

/**
 * @param {string} choice 24, own, both, or the path of a Node
 * @returns {{ path: string, version: string }[]}
 */
function chooseNodes(choice) {
  const own = { path: execPath, version };
  if (choice === 'own') return [own];
  if (choice.includes('/')) return [nodeAt(choice)];
  if (choice !== '24' && choice !== 'both') {
    throw new Error(`--node takes 24, own, both or the path of a Node, not "${choice}"`);
  }
  const node24 = version.startsWith('v24.') ? own : fetchNode24();
  return choice === '24' || node24 === own ? [node24] : [node24, own];
}

/** Removes `--node x` or `--node=x` from the arguments. @param {string[]} args */
function takeNodeChoice(args) {
  const at = args.findIndex((arg) => arg === '--node' || arg.startsWith('--node='));
  if (at < 0) return undefined;
  const [flag = '', next = ''] = args.slice(at, at + 2);
  const choice = flag.includes('=') ? flag.slice('--node='.length) : next;
  args.splice(at, flag.includes('=') ? 1 : 2);
  return choice;
}

async function main() {
  const args = argv.slice(2);
  const named = Object.entries(parts).find(([name]) => name === args[0]);
  const [part, script] = named ?? ['compare', parts.compare];
  if (named !== undefined) args.shift();
  const choice = takeNodeChoice(args) ?? (part === 'compare' ? 'both' : '24');

  installPackages();
  linkPackage();
  const noBuild = args.indexOf('--no-build');
  if (noBuild >= 0) args.splice(noBuild, 1);
  buildAll(noBuild < 0);
  const nodes = chooseNodes(choice);

  const [first] = nodes;
  const child = spawn(
    runOnFirst.has(part) ? first.path : execPath,
    [join(here, 'dist', 'test', 'bench', script), ...args],
    {
      stdio: 'inherit',
      env: { ...env, BENCH_NODES: JSON.stringify(nodes) },
    },
  );
  child.on('exit', (code) => exit(code ?? 1));
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  exit(1);
}
