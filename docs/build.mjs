/**
 * Builds the site of the documentation into docs/.site/built: `npm run docs`. Ends with 1 on a dead link.
 *
 * The pages are written to be read in the repository; here they are copied to where the site has them, with their links. The
 * reference is made of the docstrings of whatever the package exports.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const DOCS = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(DOCS);
const PAGES = join(DOCS, '.site', 'pages');

/** Where a page of the repository lies in the site. */
const places = new Map([
  ['README.md', 'index.md'],
  ['docs/README.md', 'contents.md'],
  ['ARCHITECTURE.md', 'project/architecture.md'],
  ['CHANGELOG.md', 'project/changelog.md'],
  ['CONTRIBUTING.md', 'project/contributing.md'],
  ['SECURITY.md', 'project/security.md'],
  ['sample/README.md', 'project/sample.md'],
]);

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: DOCS, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function copyPages() {
  for (const name of readdirSync(DOCS, { recursive: true }).map((path) => path.replaceAll('\\', '/'))) {
    if (!name.endsWith('.md') || /(^|\/)(node_modules|\.site)\//.test(name)) continue;
    const page = `docs/${name}`;
    if (!places.has(page)) places.set(page, name.replace(/README\.md$/, 'index.md'));
  }
  for (const [page, place] of places) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const target = join(PAGES, place);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, withLinksOfSite(text, page, place));
  }
}

function withLinksOfSite(text, page, place) {
  return text.replaceAll(/\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)/g, (_whole, path, anchor = '') => {
    const target = posix.join(posix.dirname(page), path);
    const there = places.get(target);
    if (there === undefined) throw new Error(`${page} links to ${target}, which is no page of the site.`);
    return `](${posix.relative(posix.dirname(place), there)}${anchor})`;
  });
}

function writeReference() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.values(exports)
    .filter((entry) => typeof entry === 'object')
    .map(({ default: { types } }) => join(ROOT, types.replace('./dist/', 'lib/').replace(/\.d\.ts$/, '.ts')));
  run('npx', 'typedoc', ...entries.flatMap((entry) => ['--entryPoints', entry]), '--options', 'typedoc.json');
}

if (!existsSync(join(DOCS, 'node_modules'))) run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
rmSync(join(DOCS, '.site'), { recursive: true, force: true });
copyPages();
writeReference();
run('npx', 'vitepress', 'build');
console.log('The site is in docs/.site/built.');
