import { join } from 'node:path';
import { Tree } from '@angular-devkit/schematics';
import { SchematicTestRunner, UnitTestTree } from '@angular-devkit/schematics/testing/index.js';
import { format, type Options } from 'prettier';
import { buildSchematics } from '../support/built-schematics.js';
import { TempFolder } from '../support/temp-folder.js';
import { nestCliModules } from './nest-cli.js';

/** The files of an application by their paths. */
export type Files = Readonly<Record<string, string>>;

/** The two kinds of modules of Nest's templates, as its schematics call them. */
export const KINDS = ['esm', 'cjs'] as const;

export type ModuleKind = (typeof KINDS)[number];

/** The result of running a schematic on an application. */
export interface Outcome {
  readonly tree: UnitTestTree;
  readonly files: Files;
  /** What it logged. */
  readonly said: string;
  /** What is installed afterwards, by which package manager. */
  readonly installs: readonly string[];
}

/** Runs the schematics as the Nest CLI does, on in-memory applications. */
export class SchematicTester implements AsyncDisposable {
  readonly #templates: Partial<Record<ModuleKind, Promise<Files>>> = {};
  #runner: SchematicTestRunner | undefined;

  private constructor(
    readonly folder: TempFolder,
    readonly collection: string,
  ) {}

  static async make(): Promise<SchematicTester> {
    const folder = await TempFolder.make();
    return new SchematicTester(folder, await buildSchematics(folder.path));
  }

  /** A new application of Nest's own template, as `nest new` writes it, with some files replaced or added. */
  async application(type: ModuleKind, otherwise: Files = {}): Promise<UnitTestTree> {
    this.#templates[type] ??= this.#template(type);
    const tree = new UnitTestTree(Tree.empty());
    const files = { ...(await this.#templates[type]), ...otherwise };
    for (const [path, text] of Object.entries(files)) tree.create(path, text);
    return tree;
  }

  async #template(type: ModuleKind): Promise<Files> {
    const options = { name: 'shop', type, language: 'ts', directory: '.' };
    const collection = join(await nestCliModules(), '@nestjs/schematics/dist/collection.json');
    return filesOf(await new SchematicTestRunner('nest', collection).runSchematic('application', options));
  }

  /** Runs a schematic, with options that its schema checks. */
  async run(name: string, options: object, on: UnitTestTree): Promise<Outcome> {
    // One runner for all of them: it reads and compiles the schemas once.
    this.#runner ??= new SchematicTestRunner('nestjs-session-kit', this.collection);
    const said: string[] = [];
    const listening = this.#runner.logger.subscribe(({ message }) => said.push(message));
    const tree = await this.#runner.runSchematic(name, options, on);
    listening.unsubscribe();
    const installs = this.#runner.tasks.map((task) => JSON.stringify(task.options));
    return { tree, files: filesOf(tree), said: said.join('\n'), installs };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.folder[Symbol.asyncDispose]();
  }
}

/** Every file of a tree. */
export const filesOf = (tree: UnitTestTree): Files =>
  Object.fromEntries(tree.files.map((path) => [path, tree.readContent(path)]));

/** The sources that Prettier would reformat with the settings of the application. */
export async function unformatted(files: Files): Promise<string[]> {
  const settings: Options = JSON.parse(files['/.prettierrc'] ?? '{}');
  const sources = Object.keys(files).filter((path) => path.endsWith('.ts'));
  const texts = await Promise.all(
    sources.map((filepath) => format(files[filepath] ?? '', { ...settings, filepath })),
  );
  return sources.filter((path, index) => texts[index] !== files[path]);
}
