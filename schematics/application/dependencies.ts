import type { SchematicContext, TaskConfigurationGenerator } from '@angular-devkit/schematics';
import type { Application } from './application.js';

/**
 * Adds packages to the dependencies in package.json, unless they are there. Keeps its indentation.
 *
 * @param packages name and range of each
 * @returns those that were added
 */
export function addDependencies(
  application: Application,
  packages: Readonly<Record<string, string>>,
): string[] {
  const added = Object.keys(packages).filter((name) => !application.dependsOn(name));
  const text = application.text('package.json');
  if (added.length === 0 || text === '') return [];
  const all = { ...application.manifest.dependencies };
  for (const name of added) all[name] = packages[name] ?? '*';
  const dependencies = Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const indent = /^[ \t]+/m.exec(text)?.[0] ?? '  ';
  const written = `${JSON.stringify({ ...application.manifest, dependencies }, null, indent)}\n`;
  application.write('package.json', written.replaceAll('\n', text.includes('\r\n') ? '\r\n' : '\n'));
  return added;
}

/** Installs the packages once the files are written, with the package manager whose lock file exists. */
export function install(application: Application, context: SchematicContext): void {
  const { tree } = application;
  const locks = { 'pnpm-lock.yaml': 'pnpm', 'yarn.lock': 'yarn', 'bun.lock': 'bun', 'bun.lockb': 'bun' };
  const packageManager = Object.entries(locks).find(([lock]) => tree.exists(lock))?.[1] ?? 'npm';
  // The same as NodePackageInstallTask of @angular-devkit/schematics, which belongs to the Nest CLI and cannot
  // always be resolved from here. A database client may have to be built: the user's own settings decide.
  const task: TaskConfigurationGenerator = {
    toConfiguration: () => ({
      name: 'node-package',
      options: { command: 'install', quiet: true, packageManager, allowScripts: true },
    }),
  };
  context.addTask(task);
}
