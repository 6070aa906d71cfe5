/**
 * Finds the servers and the browser that tests need, and installs what is missing.
 *
 * Has no dependencies but Node's own modules, so that Node 22.18 and newer can run it directly:
 *
 *     node test/servers/ensure.ts                    everything
 *     node test/servers/ensure.ts redis postgres     some
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { argv, env, exit, getuid } from 'node:process';
import { pathToFileURL } from 'node:url';

/** What a test may need besides Node. */
export type Piece = 'redis' | 'redis-cluster' | 'memcached' | 'postgres' | 'mariadb' | 'chromium';

/** A program's possible names; the first that is found is used. */
type ProgramNames = readonly string[];

interface PieceSource {
  readonly programs: readonly ProgramNames[];
  readonly debianPackage: string;
  /** The environment variable that names a server to use instead. */
  readonly variable?: string;
}

const redis = { programs: [['redis-server', 'valkey-server']], debianPackage: 'redis-server' } as const;

/** The headless shell does for pages what the whole browser does, at less than half the time. */
export const BROWSERS = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'] as const;

const sources: Readonly<Record<Piece, PieceSource>> = {
  redis: { ...redis, variable: 'SESSION_TEST_REDIS_URL' },
  'redis-cluster': { ...redis, variable: 'SESSION_TEST_REDIS_CLUSTER_URLS' },
  memcached: {
    programs: [['memcached']],
    debianPackage: 'memcached',
    variable: 'SESSION_TEST_MEMCACHED_URL',
  },
  postgres: {
    programs: [['initdb'], ['postgres']],
    debianPackage: 'postgresql',
    variable: 'SESSION_TEST_POSTGRES_URL',
  },
  mariadb: {
    programs: [
      ['mariadbd', 'mysqld'],
      ['mariadb-install-db', 'mysql_install_db'],
    ],
    debianPackage: 'mariadb-server',
    variable: 'SESSION_TEST_MYSQL_URL',
  },
  chromium: { programs: [BROWSERS], debianPackage: 'chromium-headless-shell' },
};

/** Debian installs PostgreSQL's programs outside of PATH, in one folder per major version. */
function postgresFolders(): string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .toSorted((left, right) => Number(right) - Number(left))
    .map((version) => join(root, version, 'bin'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The full path of a program, or null if it is installed under none of these names. */
export function findProgram(...names: string[]): string | null {
  const folders = [
    ...(env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    ...postgresFolders(),
  ];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (folder !== '' && isExecutable(path)) return path;
    }
  }
  return null;
}

/** The full path of a program; throws an error that names the program if it is missing. */
export function requireProgram(...names: string[]): string {
  const path = findProgram(...names);
  if (path === null) throw new Error(`No ${names.join(' or ')} on this machine`);
  return path;
}

/** The server that the environment names for this piece, or undefined. */
export function externalUrl(piece: Piece): string | undefined {
  const { variable } = sources[piece];
  const value = variable === undefined ? undefined : env[variable];
  return value === '' ? undefined : value;
}

function missingPrograms(piece: Piece): string[] {
  return sources[piece].programs
    .filter((names) => findProgram(...names) === null)
    .map((names) => names[0] ?? '');
}

let updateSaid: string | undefined;

function install(debianPackage: string): string | null {
  console.warn(`Installing ${debianPackage}, which tests need.`);
  const settings = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8' } as const;
  const flags = ['-y', '-qq', '-o', 'DPkg::Lock::Timeout=300'];
  updateSaid ??= spawnSync('apt-get', ['update', ...flags], settings).stderr;
  const result = spawnSync(
    'apt-get',
    ['install', '--no-install-recommends', ...flags, debianPackage],
    settings,
  );
  if (result.status === 0) return null;
  const said = `${updateSaid}\n${result.stderr}`.trim().split('\n').slice(-3).join(' ');
  return `apt-get install ${debianPackage} failed: ${said}`;
}

// Inherited by the worker processes from the one that starts them.
const variableOfVerdicts = 'SESSION_TEST_VERDICTS';

const verdicts = new Map<string, string | null>(Object.entries(verdictsHandedOn()));

function verdictsHandedOn(): Record<string, string | null> {
  return JSON.parse(env[variableOfVerdicts] ?? '{}');
}

/**
 * Ensures all pieces before the test processes start, because two installations at once would conflict. The test
 * processes inherit the results and do not try again.
 */
export function ensureAll(): void {
  for (const piece of Object.keys(sources).filter(isPiece)) ensure(piece);
  env[variableOfVerdicts] = JSON.stringify(Object.fromEntries(verdicts));
}

/**
 * Ensures that a piece is available: named by the environment, found, or, as root on Debian, installed.
 *
 * @returns null if it is; otherwise the reason, a sentence that says what to do
 */
export function ensure(piece: Piece): string | null {
  const known = verdicts.get(piece);
  if (known !== undefined) return known;
  const verdict = externalUrl(piece) === undefined ? findOrInstall(piece) : null;
  verdicts.set(piece, verdict);
  return verdict;
}

function findOrInstall(piece: Piece): string | null {
  if (missingPrograms(piece).length === 0) return null;
  const { debianPackage, variable } = sources[piece];
  const remedy = `Install ${debianPackage}${variable === undefined ? '' : `, or name a server in ${variable}`}.`;
  if (getuid?.() === 0 && findProgram('apt-get') !== null) {
    const trouble = install(debianPackage);
    if (trouble !== null) return `${trouble} ${remedy}`;
  }
  const missing = missingPrograms(piece);
  return missing.length === 0 ? null : `${missing.join(' and ')} not found. ${remedy}`;
}

function isPiece(name: string): name is Piece {
  return name in sources;
}

function main(names: string[]): number {
  const unknown = names.filter((name) => !isPiece(name));
  if (unknown.length > 0) {
    console.error(`Unknown: ${unknown.join(', ')}. Known: ${Object.keys(sources).join(', ')}`);
    return 2;
  }
  const wanted = (names.length > 0 ? names : Object.keys(sources)).filter(isPiece);
  const troubles = wanted.map((piece) => ({ piece, trouble: ensure(piece) }));
  for (const { piece, trouble } of troubles) console.log(`${piece}: ${trouble ?? 'ready'}`);
  return troubles.every(({ trouble }) => trouble === null) ? 0 : 1;
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) exit(main(argv.slice(2)));
