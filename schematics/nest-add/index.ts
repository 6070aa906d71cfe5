import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { SchematicContext, Tree } from '@angular-devkit/schematics';
import { Application } from '../application/application.js';
import { addDependencies, install } from '../application/dependencies.js';
import { ignoring, valueOf, withValue, withVariable } from '../application/env-file.js';
import { type Import, importLines, importStyleOf, importedAs, styled } from '../application/import-lines.js';
import { moduleImports } from '../application/module-imports.js';
import { applyEdits } from '../application/text-edits.js';
import { changeDriver } from './change-driver.js';
import { DRIVERS, type DriverName, isDriver, sessionConfig } from './session-config.js';
import { type TypeOrmSetup, setUpTypeOrm } from './type-orm.js';

/** The first answer to the prompt, which Enter gives: it knows nothing of the application, and may not change it. */
const UNCHANGED = 'unchanged';

/** The options of `nest add`; see schema.json. */
interface NestAddOptions {
  readonly driver?: DriverName | typeof UNCHANGED;
  readonly sourceRoot?: string;
  readonly skipInstall?: boolean;
  /** The short form of `--skip-install`. */
  readonly s?: boolean;
}

/**
 * The options of schema.json, and those that the Nest CLI reads itself but hands on as they were given. Not `-d`: of
 * that it makes no dry run, as it does of `--dry-run`.
 */
const KNOWN: ReadonlySet<string> = new Set(['driver', 'sourceRoot', 'skipInstall', 'project', 'p', 's']);

/** @throws if an option is misspelt: the Nest CLI accepts any for `nest add` */
function assertKnown(options: NestAddOptions): void {
  const unknown = Object.keys(options).filter((name) => !KNOWN.has(name));
  if (unknown.length === 0) return;
  const given = unknown.map(
    (name) =>
      (name.length === 1 ? '-' : '--') + name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
  throw new Error(
    `nest add nestjs-session-kit has no option ${given.join(', ')} and changed nothing. Its options are ` +
      `--driver <${Object.keys(DRIVERS).join(' | ')}>, --project <name>, --skip-install and --dry-run.`,
  );
}

/**
 * `nest add nestjs-session-kit`: sets up sessions in an application. Each step does only what is missing, so
 * that a second run changes nothing, unless it names another driver: then the application changes to that. If
 * a step is impossible, it stops before anything is written.
 */
export function nestAdd(options: NestAddOptions) {
  const { sourceRoot = 'src' } = options;
  const asked = options.driver === UNCHANGED ? undefined : options.driver;
  const skipInstall = options.skipInstall === true || options.s === true;
  return (tree: Tree, context: SchematicContext): Tree => {
    assertKnown(options);
    const application = new Application(tree, sourceRoot);
    const inUse = valueOf(application.text('.env'), 'SESSION_DRIVER') || driverInConfig(application);
    const driver = asked ?? [inUse, driverInConfig(application)].find(isDriver) ?? 'stealth';
    const { packages = {}, ignored } = DRIVERS[driver];
    const isNew = !application.sources.some(
      (file) => file.calls('SessionModule', 'nestjs-session-kit', /^forRoot/).length > 0,
    );
    if (!isNew && !tree.exists(configOf(application))) {
      context.logger.info(
        `SessionModule is imported already, with options of its own: nothing was changed.${byHand(asked)}`,
      );
      return tree;
    }
    const isChosen = !isNew && asked !== undefined;
    const typeOrm = driver === 'database' && (isNew || isChosen) ? setUpTypeOrm(application) : undefined;
    if (isNew) register(application, driver, typeOrm, context);
    else importModules(application, typeOrm?.modules ?? [], typeOrm?.imports ?? []);
    if (isChosen && !changeDriver(application, configOf(application), driver)) {
      context.logger.warn(`${configOf(application)} names no driver: set driver: '${driver}' in it.`);
    }
    if (asked !== undefined)
      application.write('.env', withValue(application.text('.env'), 'SESSION_DRIVER', asked));
    writeEnvironment(application, driver, [ignored, typeOrm?.ignored]);
    const config = isNew ? { '@nestjs/config': application.nestVersion >= 12 ? '^12.0.1' : '^4.0.0' } : {};
    const added = addDependencies(application, { ...packages, ...config, ...typeOrm?.packages });
    if (added.length > 0 && !skipInstall) install(application, context);
    if (added.length > 0 && skipInstall) context.logger.info(`To be installed: ${added.join(', ')}.`);
    if (typeOrm?.advice !== undefined) context.logger.warn(typeOrm.advice);
    if (isNew) {
      context.logger.info(
        `Sessions are set up, with the driver '${driver}'. Where the application runs and is tested without this .env, set SESSION_SECRET.`,
      );
    } else if (driver !== inUse) {
      context.logger.info(
        `The driver is now '${driver}'${inUse === '' ? '' : `, no longer '${inUse}', whose sessions end with this change`}. Where the application runs without this .env, change SESSION_DRIVER too.`,
      );
    } else context.logger.info('SessionModule is imported already: what is set up stays as it is.');
    return tree;
  };
}

/** What is left to do where the application has its options in a place of its own. */
function byHand(driver: DriverName | undefined): string {
  if (driver === undefined) return '';
  const packages = Object.keys(DRIVERS[driver].packages ?? {}).join(' ');
  return ` For the driver '${driver}',${packages && ` npm install ${packages}, and`} set driver: '${driver}' there.`;
}

/** The path of the configuration file. An application that keeps its options elsewhere is left alone. */
const configOf = ({ sourceRoot }: Application): string => posix.join(sourceRoot, 'config', 'session.ts');

/** The driver that is used where SESSION_DRIVER names none, as in a fresh clone; an empty string if there is none. */
const driverInConfig = (application: Application): string =>
  /SESSION_DRIVER *\|\| *['"](\w+)['"]/.exec(application.text(configOf(application)))?.[1] ?? '';

/** Writes the configuration file and imports SessionModule into the root module. */
function register(
  application: Application,
  driver: DriverName,
  typeOrm: TypeOrmSetup | undefined,
  context: SchematicContext,
): void {
  const { sourceRoot, tree } = application;
  const { file } = application.findRootModule();
  const config = configOf(application);
  if (tree.exists(config) && !application.text(config).includes('nestjs-session-kit')) {
    throw new Error(
      `${config} is there, and is not about nestjs-session-kit. Nothing was changed: rename it, and run this again.`,
    );
  }
  const configModules = application.sourcesWithLibraries.flatMap((one) =>
    one.calls('ConfigModule', '@nestjs/config', /^forRoot/),
  );
  if (configModules.some((call) => /\b(envFilePath|ignoreEnvFile)\b/.test(call.getText()))) {
    context.logger.warn(
      'Your ConfigModule may not read .env (it sets envFilePath or ignoreEnvFile): the variables that were added there ' +
        'belong where it reads them, or the application will not start.',
    );
  }
  const sessionModule = importedAs(file, 'SessionModule', 'nestjs-session-kit', 'SessionKitModule');
  const configName = file.has('sessionConfig') ? 'sessionKitConfig' : 'sessionConfig';
  const imports: Import[] = [
    { name: 'SessionModule', from: 'nestjs-session-kit', as: sessionModule },
    ...(typeOrm?.imports ?? []),
    { name: configName, from: posix.join('/', sourceRoot, 'config', 'session'), isDefault: true },
  ];
  const modules = [`${sessionModule}.forRootAsync(${configName}.asProvider())`];
  modules.unshift(...(typeOrm?.modules ?? []));
  if (configModules.length === 0) {
    const configModule = importedAs(file, 'ConfigModule', '@nestjs/config', 'NestConfigModule');
    modules.unshift(`${configModule}.forRoot({ isGlobal: true })`);
    imports.unshift({ name: 'ConfigModule', from: '@nestjs/config', as: configModule });
  }
  importModules(application, modules, imports);
  const style = importStyleOf(application, file);
  if (!tree.exists(config)) application.write(config, styled(sessionConfig(driver), style));
}

/** Imports modules into the root module. */
function importModules(
  application: Application,
  modules: readonly string[],
  imports: readonly Import[],
): void {
  if (modules.length === 0) return;
  const { file, name } = application.findRootModule();
  const edits = [importLines(application, file, imports), moduleImports(file, name, modules)];
  application.write(file.path, applyEdits(file.text, edits));
}

/**
 * Writes the secret, the driver and the address of its store to .env, which must not be in Git, and their names
 * to .env.example, which may. Writes only variables that the configuration file reads.
 */
function writeEnvironment(
  application: Application,
  driver: DriverName,
  madeFiles: readonly (string | undefined)[],
): void {
  const variables = [
    {
      name: 'SESSION_SECRET',
      value: randomBytes(32).toString('base64url'),
      comment: 'Signs and seals session cookies: 32 random bytes.',
    },
    {
      name: 'SESSION_DRIVER',
      value: driver,
      comment: `Where sessions live: ${Object.keys(DRIVERS).join(', ')}.`,
    },
  ];
  const { variable } = DRIVERS[driver];
  const config = application.text(configOf(application));
  if (variable !== undefined && config.includes(variable.name)) variables.push(variable);
  for (const { name, value, comment } of variables) {
    application.write('.env', withVariable(application.text('.env'), name, value, comment));
    application.write('.env.example', withVariable(application.text('.env.example'), name, '', comment));
  }
  application.write('.gitignore', ignoring(application.text('.gitignore'), '.env', ['.env*', '*.env']));
  for (const made of madeFiles) {
    if (made !== undefined) application.write('.gitignore', ignoring(application.text('.gitignore'), made));
  }
}
