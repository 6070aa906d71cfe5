/**
 * Whether the package can be published: `npm run release:check`. Packs it, as npm would publish it, and has publint and
 * are-the-types-wrong look at the tarball; says how large it is, whether the README says the same, whether
 * the changelog has its version, and whether npm can take a provenance statement for it.
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

/** How large the tarball may be, in kilobytes of 1000 bytes. */
const MOST_KILOBYTES = 600;

/** How far the size that the README names may be from it. */
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
  faults.push(
    ...problems
      // How TypeScript looked for packages before they had `exports`: no Node that this package is for does.
      .filter((problem) => !('resolutionKind' in problem && problem.resolutionKind === 'node10'))
      .map((problem) => `are-the-types-wrong: ${JSON.stringify(problem)}`),
  );

  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').split('\n');
  if (!changelog.some((line) => line.startsWith(`## ${version}`))) {
    faults.push(
      `CHANGELOG.md has no section "## ${version}": give the one for what is unreleased that name.`,
    );
  }

  // npm compares it with the repository that the statement says the package was built in, and refuses the package without. The
  // release workflow, which knows that repository, writes it into package.json where none is named.
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
