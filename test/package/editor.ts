import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** Shares parsed files between applications: most are declarations that both import. */
const parsed = ts.createDocumentRegistry();

/** Whether a file belongs to another package than this one, installed or compiled in place. */
const isOfOthers = (path: string): boolean =>
  path.includes('/node_modules/') && !path.includes('/node_modules/nestjs-session-kit/');

/** An application as open in an editor, with one file being written. */
export class Editor implements Disposable {
  readonly #folder: string;
  readonly #file: string;
  readonly #service: ts.LanguageService;
  #text = '';
  #version = 0;

  /** @param folder where the application's tsconfig.json is; its sources are below src */
  constructor(folder: string) {
    this.#folder = folder;
    const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path));
    const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
    this.#file = join(folder, 'src', 'being-written.ts');
    const host: ts.LanguageServiceHost = {
      // Declaration files are checked, too.
      getCompilationSettings: () => ({ ...options, skipLibCheck: false }),
      getScriptFileNames: () => (this.#text === '' ? fileNames : [...fileNames, this.#file]),
      getScriptVersion: (name) => (name === this.#file ? String(this.#version) : '0'),
      getScriptSnapshot: (name) => {
        const text = this.#read(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => folder,
      getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
      fileExists: (name) => (name === this.#file ? this.#text !== '' : ts.sys.fileExists(name)),
      readFile: (name) => this.#read(name),
      readDirectory: (...args) => ts.sys.readDirectory(...args),
      directoryExists: (name) => ts.sys.directoryExists(name),
      getDirectories: (name) => ts.sys.getDirectories(name),
      realpath: (name) => ts.sys.realpath?.(name) ?? name,
    };
    this.#service = ts.createLanguageService(host, parsed);
  }

  /**
   * Compiles the application into its output folder and type-checks it with everything that it imports.
   *
   * @param checked the declarations of other packages that were checked with another application: these are not checked again,
   *   as it is up to a package, not to who imports it, what its own imports mean. Those of this application are added
   * @returns the compiler's messages: empty if all is well
   */
  compile(checked = new Set<string>()): string {
    const program = this.#service.getProgram();
    if (program === undefined) throw new Error('The editor has no program.');
    const write: ts.WriteFileCallback = (path, text) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    };
    // File by file: a program that emits as a whole checks all of its files first.
    const emitted = program
      .getRootFileNames()
      .flatMap((name) => program.emit(program.getSourceFile(name), write).diagnostics);
    const files = program.getSourceFiles().filter(({ fileName }) => !checked.has(fileName));
    for (const { fileName } of files) if (isOfOthers(fileName)) checked.add(fileName);
    const found = [
      ...program.getConfigFileParsingDiagnostics(),
      ...program.getOptionsDiagnostics(),
      ...files.flatMap((file) => [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
        ...program.getDeclarationDiagnostics(file),
      ]),
      ...program.getGlobalDiagnostics(),
      ...emitted,
    ];
    return ts.formatDiagnostics(found, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => this.#folder,
      getNewLine: () => '\n',
    });
  }

  /**
   * The completions offered at a position.
   *
   * @param text the file; `|` is where the cursor stands
   */
  completionsAt(text: string): string[] {
    const cursor = text.indexOf('|');
    this.#text = text.replace('|', '');
    this.#version += 1;
    const completions = this.#service.getCompletionsAtPosition(this.#file, cursor, {});
    return completions?.entries.map(({ name }) => name) ?? [];
  }

  /** Releases the parsed files that no other editor has open. */
  [Symbol.dispose](): void {
    this.#service.dispose();
  }

  #read(name: string): string | undefined {
    return name === this.#file && this.#text !== '' ? this.#text : ts.sys.readFile(name);
  }
}
