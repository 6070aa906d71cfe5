import { posix } from 'node:path';
import type { Tree } from '@angular-devkit/schematics';
import { ParsedFile } from './source-file.js';
import { type Compiler, loadTypeScript } from './typescript.js';

/** The part of a package.json that is used here. */
export interface Manifest {
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The part of a nest-cli.json that is used here. */
interface WorkspaceSettings {
  readonly projects?: Readonly<Record<string, { readonly type?: string; readonly sourceRoot?: string }>>;
}

/** A Nest application, read from its files. */
export class Application {
  readonly #ts: Compiler = loadTypeScript();
  readonly #parsed = new Map<string, ParsedFile>();

  /** @param sourceRoot the folder of its sources: `src`, or `apps/shop/src` in a monorepo */
  constructor(
    readonly tree: Tree,
    readonly sourceRoot: string,
  ) {}

  get manifest(): Manifest {
    const manifest: unknown = JSON.parse(this.text('package.json') || '{}');
    return typeof manifest === 'object' && manifest !== null ? manifest : {};
  }

  /** Whether its package.json names a package. */
  dependsOn(name: string): boolean {
    const { dependencies, devDependencies } = this.manifest;
    return dependencies?.[name] !== undefined || devDependencies?.[name] !== undefined;
  }

  /** The major version of Nest, from the range in its package.json. */
  get nestVersion(): number {
    return Number(/\d+/.exec(this.manifest.dependencies?.['@nestjs/core'] ?? '12')?.[0] ?? 12);
  }

  /** The text of a file; an empty one if there is no such file. */
  text(path: string): string {
    return this.tree.read(path)?.toString('utf8') ?? '';
  }

  /** Writes a file unless it already has this text. */
  write(path: string, text: string): void {
    if (!this.tree.exists(path)) this.tree.create(path, text);
    else if (this.text(path) !== text) this.tree.overwrite(path, text);
  }

  /** Its sources without tests; those in fewer folders first. */
  get sources(): ParsedFile[] {
    return this.#sourcesBelow(this.sourceRoot);
  }

  /** Its sources, then those of the libraries in its monorepo, as nest-cli.json lists them. */
  get sourcesWithLibraries(): ParsedFile[] {
    return [...this.sources, ...this.#libraries.flatMap((folder) => this.#sourcesBelow(folder))];
  }

  /** The folders with the sources of libraries. Comments in nest-cli.json are no error. */
  get #libraries(): readonly string[] {
    const path = 'nest-cli.json';
    const { config }: { config?: WorkspaceSettings | null } = this.#ts.parseConfigFileTextToJson(
      path,
      this.text(path),
    );
    return Object.values(config?.projects ?? {}).flatMap(({ type, sourceRoot = [] }) =>
      type === 'library' ? sourceRoot : [],
    );
  }

  #sourcesBelow(folder: string): ParsedFile[] {
    const paths: string[] = [];
    this.tree.getDir(folder).visit((path) => {
      if (/\.[cm]?ts$/.test(path) && !/(\.d|[.-]spec|[.-]test)\.[cm]?ts$/.test(path)) paths.push(path);
    });
    const depth = (path: string): number => path.split('/').length;
    return paths
      .filter((path) => !path.includes('/node_modules/'))
      .toSorted((a, b) => depth(a) - depth(b) || a.localeCompare(b))
      .map((path) => this.parse(path));
  }

  parse(path: string): ParsedFile {
    const text = this.text(path);
    const known = this.#parsed.get(path);
    if (known?.text === text) return known;
    const parsed = new ParsedFile(this.#ts, path, text);
    this.#parsed.set(path, parsed);
    return parsed;
  }

  /**
   * The root module: the one passed to NestFactory, otherwise AppModule.
   *
   * @returns the file with its class, and the class's name
   * @throws if there is no such class
   */
  findRootModule(): { readonly file: ParsedFile; readonly name: string } {
    const main = posix.join(this.sourceRoot, 'main.ts');
    const name = (this.tree.exists(main) ? this.#rootModuleOf(this.parse(main)) : undefined) ?? 'AppModule';
    const file = this.sources.find((source) => source.text.includes(name) && source.classOf(name));
    if (file !== undefined) return { file, name };
    throw new Error(
      `There is no class ${name} in ${this.sourceRoot}, whose @Module() is to import SessionModule. Run this where package.json ` +
        `is; for one of several applications name it: nest add nestjs-session-kit --project <name>.`,
    );
  }

  #rootModuleOf(main: ParsedFile): string | undefined {
    const [argument] = main.calls('NestFactory', '@nestjs/core', /^create/)[0]?.arguments ?? [];
    // The module itself, or the class of a dynamic one: AppModule.forRoot(). A function's result (`await
    // root()`) has no name here.
    const name = argument === undefined ? undefined : /^[A-Z]\w*/.exec(argument.getText())?.[0];
    return name === undefined ? undefined : main.importedName(name);
  }
}
