/**
 * Checks whether the package can be published: `npm run release:check`. Packs it as npm would publish it, and runs publint and
 * are-the-types-wrong on the tarball. Also checks the size of the tarball, that the README states it, that the changelog has
 * a section for the version and none that is unreleased, and that npm will accept a provenance statement.
 */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The maximum size of the tarball, in kilobytes of 1000 bytes. */
const MOST_KILOBYTES = 640;

/** How far the size named in the README may differ from the real one, as a fraction of it. */
const SIZE_TOLERANCE = 0.05;

const { name, version, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'session-release-'));
/** @type {string[]} */
const faults = [];
try {
  const args = ['pack', '--json', '--silent', '--pack-destination', folder];
  const answer = execFileSync('npm', args, { cwd: root, encoding: 'utf8' });
  const [packed] = JSON.parse(answer.slice(answer.indexOf('[\n')));
  const tarball = new Uint8Array(readFileSync(join(folder, packed.filename)));

  const [kilobytes, unpacked] = [packed.size, packed.unpackedSize].map((bytes) => Math.ceil(bytes / 1000));
  console.log(
    `${name} ${version}: ${kilobytes} kB packed, ${unpacked} kB unpacked, ${packed.entryCount} files.`,
  );
  if (kilobytes > MOST_KILOBYTES)
    faults.push(`The tarball has ${kilobytes} kB; ${MOST_KILOBYTES} are allowed.`);
  const said = Number(/(\d+) kB packed/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1]);
  if (!(Math.abs(said - kilobytes) <= kilobytes * SIZE_TOLERANCE))
    faults.push(`README.md says that the package is ${said} kB packed; it is ${kilobytes}.`);

  const { messages } = await publint({ strict: true, pack: { tarball: tarball.buffer } });
  faults.push(...messages.map(({ code, path }) => `publint: ${code} at ${path.join('.')}`));

  const { problems = [] } = await checkPackage(createPackageFromTarballData(tarball));
  faults.push(...problems.map((problem) => `are-the-types-wrong: ${JSON.stringify(problem)}`));

  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').split('\n');
  if (!changelog.some((line) => line.startsWith(`## ${version}`))) {
    faults.push(
      `CHANGELOG.md has no section "## ${version}": give the one for what is unreleased that name.`,
    );
  }
  // What is released under a version stands under its name.
  if (changelog.includes('## Unreleased')) {
    faults.push(
      `CHANGELOG.md has a section "## Unreleased", which is not in ${version}: name it after the version.`,
    );
  }

  // npm compares `repository` with the repository that the provenance statement names, and refuses the package if they differ.
  // If package.json names none, the release workflow fills in the repository in which it runs.
  const url = typeof repository === 'object' ? repository?.url : repository;
  const { GITHUB_REPOSITORY: runsIn } = env;
  const isNamed = typeof url === 'string' && url !== '';
  if (runsIn !== undefined && !(isNamed && url.replace(/\.git$/, '').endsWith(`/${runsIn}`))) {
    faults.push(
      `package.json has ${isNamed ? `the repository "${url}"` : 'no `repository`'}, and this runs in that of ${runsIn}: npm publishes with ` +
        '--provenance only where they are the same.',
    );
  } else if (!isNamed) {
    console.log('package.json names no `repository`: the release workflow writes the one that it runs in.');
  }
} finally {
  rmSync(folder, { recursive: true });
}
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? 'It can be published.' : 'It cannot be published yet.');
exit(faults.length === 0 ? 0 : 1);
