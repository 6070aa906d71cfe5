import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { docSnippets, pages } from './support/doc-snippets.js';
import { TempFolder } from './support/temp-folder.js';

const ROOT = join(import.meta.dirname, '..');

/** Pages about the project itself, which are also part of the site. */
const PROJECT_PAGES = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'sample/README.md',
];

const readPage = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** The dead links that `npm run docs` reports in a copy of the repository. */
function deadLinks(root: string): string[] {
  const build = join(root, 'docs', 'build.mjs');
  const { status, stderr } = spawnSync(process.execPath, [build, '--check-links'], { encoding: 'utf8' });
  const lines = stderr.split('\n').filter((line) => line !== '');
  expect(status).toBe(lines.length === 0 ? 0 : 1);
  return lines;
}

describe('the documentation', () => {
  it('has a unique name for each snippet', () => {
    const names = docSnippets().map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  // Passport removes no copy of the user elsewhere, which would count as signed in after its `logOut`.
  it("names Passport's value as the user wherever it takes over sessions of Passport", () => {
    const takesOver = docSnippets().filter(({ code }) => code.includes("userId: 'passport.user'"));
    expect(takesOver.length).toBeGreaterThan(1);
    const without = takesOver.filter(({ code }) => !code.includes("userKey: 'passport.user'"));
    expect(without.map(({ page }) => page)).toEqual([]);
  });

  it('has no link to a page or a heading that does not exist', () => {
    expect(deadLinks(ROOT)).toEqual([]);
  });

  it('is not built with a link to a page or a heading that does not exist', async () => {
    await using folder = await TempFolder.make();
    for (const path of ['docs/build.mjs', 'docs/headings.mjs', 'README.md', ...PROJECT_PAGES]) {
      cpSync(join(ROOT, path), join(folder.path, path));
    }
    for (const page of ['README.md', ...PROJECT_PAGES]) writeFileSync(join(folder.path, page), '# Title\n');
    const links =
      '[](#some-code) [](../README.md#title) [](https://example.com/#there) ' +
      '[](#dead) [](../README.md#dead) [](dead.md)';
    writeFileSync(join(folder.path, 'docs', 'README.md'), `# Some \`code\`\n\n${links}\n`);
    expect(deadLinks(folder.path)).toEqual([
      'docs/README.md links to #dead, but docs/README.md has no such heading.',
      'docs/README.md links to ../README.md#dead, but README.md has no such heading.',
      'docs/README.md links to dead.md, which is not a page of the site.',
    ]);
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

  it('leaves it to the changelog to say since which version something is there', () => {
    const dated = pages().filter((page) => /\bsince (?:version )?\d|\| since +\|/i.test(readPage(page)));
    expect(dated).toEqual([]);
  });

  it('names every page in its table of contents', () => {
    const contents = readFileSync(join(ROOT, 'docs', 'README.md'), 'utf8');
    const written = pages().filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
    expect(written.filter((page) => !contents.includes(`](${page.replace('docs/', '')})`))).toEqual([]);
  });
});
