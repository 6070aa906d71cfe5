/**
 * Builds the site of the documentation into docs/.site/built: `npm run docs`. Exits with 1 if a link leads to no page or no
 * heading; with --check-links it only checks that.
 *
 * The pages are written to be read in the repository. This copies them to their places in the site and adjusts the links.
 * The reference is generated from the docstrings of everything that the package exports.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { anchorsOf } from './headings.mjs';

const DOCS = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(DOCS);
const PAGES = join(DOCS, '.site', 'pages');

/** The place of each page of the repository in the site. */
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

function addOtherPages() {
  for (const name of readdirSync(DOCS, { recursive: true }).map((path) => path.replaceAll('\\', '/'))) {
    if (!name.endsWith('.md') || /(^|\/)(node_modules|\.site)\//.test(name)) continue;
    const page = `docs/${name}`;
    if (!places.has(page)) places.set(page, name.replace(/README\.md$/, 'index.md'));
  }
}

function readPage(page) {
  return readFileSync(join(ROOT, page), 'utf8');
}

const deadLinks = [];

/** The text of a page, with its links adjusted to the site. Adds those that lead nowhere to `deadLinks`. */
function pageOfSite(page, place) {
  return readPage(page).replaceAll(/\]\((?![a-z]+:)([^)#\s]*)(#[^)\s]+)?\)/g, (link, path, anchor = '') => {
    const target = path === '' ? page : posix.join(posix.dirname(page), path);
    const targetPlace = places.get(target);
    if (targetPlace === undefined) {
      deadLinks.push(`${page} links to ${path}, which is not a page of the site.`);
    } else if (anchor !== '' && !anchorsOf(readPage(target)).includes(anchor.slice(1))) {
      deadLinks.push(`${page} links to ${path}${anchor}, but ${target} has no such heading.`);
    }
    if (path === '' || targetPlace === undefined) return link;
    return `](${posix.relative(posix.dirname(place), targetPlace)}${anchor})`;
  });
}

function writePage(place, text) {
  const target = join(PAGES, place);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

function writeReference() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.values(exports)
    .filter((entry) => typeof entry === 'object')
    .map(({ default: { types } }) => join(ROOT, types.replace('./dist/', 'lib/').replace(/\.d\.ts$/, '.ts')));
  run('npx', 'typedoc', ...entries.flatMap((entry) => ['--entryPoints', entry]), '--options', 'typedoc.json');
}

addOtherPages();
const pages = [...places].map(([page, place]) => [place, pageOfSite(page, place)]);
if (deadLinks.length > 0) {
  console.error(deadLinks.join('\n'));
  process.exit(1);
}
if (process.argv.includes('--check-links')) process.exit();

if (!existsSync(join(DOCS, 'node_modules'))) run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
rmSync(join(DOCS, '.site'), { recursive: true, force: true });
for (const [place, text] of pages) writePage(place, text);
writeReference();
run('npx', 'vitepress', 'build');
console.log('The site is in docs/.site/built.');
