import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const text = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

describe('The scripts of package.json', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(text('package.json'));

  /** The scripts that a file runs, in order. */
  const runBy = (path: string): string[] =>
    [...text(path).matchAll(/\bnpm (?:run )?(?:--silent )?([a-z]+(?::[a-z]+)*)/g)]
      .map(([, name = '']) => name)
      .filter((name) => !['ci', 'install', 'pack'].includes(name));

  it.each(['.github/workflows/ci.yml', '.ci/run', 'CONTRIBUTING.md'])(
    'include everything that %s runs',
    (path) => {
      expect(runBy(path)).toContain('test');
      expect(runBy(path).filter((name) => scripts[name] === undefined)).toEqual([]);
    },
  );

  // The sample imports the built package.
  it.each(['.github/workflows/ci.yml', '.ci/run'])('build before they check types, in %s', (path) => {
    const run = runBy(path);
    expect(run).toEqual(expect.arrayContaining(['build', 'typecheck']));
    expect(run.indexOf('build')).toBeLessThan(run.indexOf('typecheck'));
  });
});

describe('A fresh npm ci', () => {
  const root = join(import.meta.dirname, '..');

  it('warns about no package made for another version of Node', () => {
    const { stdout, stderr } = spawnSync(
      'npm',
      ['ci', '--dry-run', '--offline', '--no-audit', '--no-fund', '--loglevel=notice'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    expect(stdout).toMatch(/up to date|added \d+/);
    expect(stderr.split('\n').filter((line) => line.startsWith('npm warn'))).toEqual([]);
  });

  it('warns about no deprecated package', () => {
    const { packages }: { packages: Record<string, object> } = JSON.parse(text('package-lock.json'));
    expect(Object.keys(packages).filter((name) => 'deprecated' in (packages[name] ?? {}))).toEqual([]);
  });
});
