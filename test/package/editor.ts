import { join } from 'node:path';
import ts from 'typescript';

/** An application as an editor has it open: one file of it is being written. */
export class Editor {
  readonly #file: string;
  readonly #service: ts.LanguageService;
  #text = '';
  #version = 0;

  /** @param folder where the application's tsconfig.json is; its sources are below src */
  constructor(folder: string) {
    const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path));
    const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
    this.#file = join(folder, 'src', 'being-written.ts');
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => [...fileNames, this.#file],
      getScriptVersion: (name) => (name === this.#file ? String(this.#version) : '0'),
      getScriptSnapshot: (name) => {
        const text = this.#read(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => folder,
      getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
      fileExists: (name) => this.#read(name) !== undefined,
      readFile: (name) => this.#read(name),
      readDirectory: (...args) => ts.sys.readDirectory(...args),
      directoryExists: (name) => ts.sys.directoryExists(name),
      getDirectories: (name) => ts.sys.getDirectories(name),
      realpath: (name) => ts.sys.realpath?.(name) ?? name,
    });
  }

  /**
   * What is offered at a place.
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

  #read(name: string): string | undefined {
    return name === this.#file ? this.#text : ts.sys.readFile(name);
  }
}
