import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, linksOf } from './support/doc-links.js';
import { docSnippets, pages } from './support/doc-snippets.js';

const ROOT = join(import.meta.dirname, '..');

/** Pages about the project itself, which are also part of the site. */
const PROJECT_PAGES = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'sample/README.md',
];

describe('the documentation', () => {
  it('has a unique name for each snippet', () => {
    const names = docSnippets().map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('has no broken link to a page, heading or file', () => {
    const broken: string[] = [];
    for (const page of [...pages(), ...PROJECT_PAGES]) {
      const text = readFileSync(join(ROOT, page), 'utf8');
      for (const link of linksOf(text)) {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
        const isThere =
          existsSync(target) &&
          (anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor));
        if (!isThere) broken.push(`${page}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])(
    'mentions in %s only existing files and folders',
    (page) => {
      const there = ['lib', 'test', 'build', 'schematics', 'sample', 'docs', '.ci'].flatMap((folder) =>
        // With file types, because then symbolic links, which may be cyclic, are not followed.
        readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }).map(
          ({ parentPath, name }) => join(parentPath, name).replaceAll('\\', '/'),
        ),
      );
      const text = readFileSync(join(ROOT, page), 'utf8');
      // Folders in backticks, and files anywhere.
      const named = [...text.matchAll(/`([\w.-]+(?:\/[\w.-]*)+)`|(?<![\w./-])([\w./-]+\.ts)\b/g)].map(
        ([, path, file]) => (path ?? file ?? '').replace(/\/$/, ''),
      );
      expect(named.length).toBeGreaterThan(5);
      const isThere = (name: string): boolean =>
        existsSync(join(ROOT, name)) || there.some((path) => path.endsWith(`/${name}`));
      expect(named.filter((name) => !isThere(name))).toEqual([]);
    },
  );

  it('mentions every folder of lib in ARCHITECTURE.md, and every other folder of test in CONTRIBUTING.md', () => {
    const foldersOf = (folder: string): string[] =>
      readdirSync(join(ROOT, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
    const [architecture, contributing] = ['ARCHITECTURE.md', 'CONTRIBUTING.md'].map((page) =>
      readFileSync(join(ROOT, page), 'utf8'),
    );
    const lib = foldersOf('lib');
    expect(lib.filter((name) => architecture?.includes(`\n| \`lib/${name}/\` `) !== true)).toEqual([]);
    const beside = foldersOf('test').filter((name) => !lib.includes(name));
    expect(beside.filter((name) => contributing?.includes(`      ${name}/`) !== true)).toEqual([]);
  });

  it('explains only messages that occur in the source', () => {
    const lib = join(ROOT, 'lib');
    const source = readdirSync(lib, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(lib, name), 'utf8'))
      .join('\n')
      // Joins a message that continues on the next line.
      .replaceAll(/['"`] \+\s*['"`]/g, '');
    const rows = readFileSync(join(ROOT, 'docs', 'troubleshooting.md'), 'utf8').match(/^\| .*? \|/gm) ?? [];
    const texts = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));
    expect(texts.length).toBeGreaterThan(25);
    // Three dots stand for variable parts.
    const isThere = (text: string): boolean =>
      text.split('...').every((part) => source.includes(part.trim()));
    expect(texts.filter((text) => !isThere(text))).toEqual([]);
  });

  it('lists every page in its table of contents', () => {
    const contents = linksOf(readFileSync(join(ROOT, 'docs', 'README.md'), 'utf8'));
    const written = pages().filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
    expect(written.filter((page) => !contents.includes(page.replace('docs/', '')))).toEqual([]);
  });

  describe('as a site', () => {
    const build = readFileSync(join(ROOT, 'docs', 'build.mjs'), 'utf8');
    /** The table in the program that builds the site. */
    const places = [...build.matchAll(/^ {2}\['([^']+\.md)', '[^']+\.md'\],$/gm)].map(
      ([, page = '']) => page,
    );
    const ofSite = [...new Set([...pages(), ...places])];

    it('has a place for every page that is written', () => {
      expect(places).toEqual(expect.arrayContaining(['README.md', ...PROJECT_PAGES]));
      expect(ofSite.filter((page) => !existsSync(join(ROOT, page)))).toEqual([]);
    });

    // `npm run docs` stops at the first other link, and rewrites whatever looks like a link, even in code.
    it('links only to pages of the site', () => {
      const strange = ofSite.flatMap((page) => {
        const text = readFileSync(join(ROOT, page), 'utf8');
        return [...text.matchAll(/\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)/g)]
          .map(([, path = '']) => posix.join(posix.dirname(page), path))
          .filter((target) => !ofSite.includes(target))
          .map((target) => `${page}: ${target}`);
      });
      expect(strange).toEqual([]);
    });
  });
});
