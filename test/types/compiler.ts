import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { ParseOnce } from '../support/parse-once.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** The options of a tsconfig.json, and the files that it includes. */
function configured(path: string): ts.ParsedCommandLine {
  const { config, error } = ts.readConfigFile(path, (name) => ts.sys.readFile(name));
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
}

/** Compiles programs with the options of the repository. Reads and parses each file once for all of them. */
export class Compiler {
  readonly #parsing = new ParseOnce();
  readonly #options = configured(join(ROOT, 'tsconfig.json')).options;

  /** A program of these files and their imports. */
  program(fileNames: readonly string[], options: ts.CompilerOptions = this.#options): ts.Program {
    // Nothing is written, and nobody asks for errors that only declarations have.
    const given = { ...options, declaration: false };
    return ts.createProgram(fileNames, given, this.#parsing.hostFor(given));
  }

  /**
   * The compiler's errors in these files, and those of no file. Their imports are compiled elsewhere.
   *
   * @param folder that the file names in the errors are relative to
   */
  errorsIn(fileNames: readonly string[], folder: string, options?: ts.CompilerOptions): string[] {
    const program = this.program(fileNames, options);
    const found = [
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...fileNames.flatMap((name) => {
        const file = program.getSourceFile(name);
        return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      }),
    ];
    return found.map(({ file, start = 0, messageText }) => {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
      const where = file === undefined ? '' : relative(folder, file.fileName);
      return `${where}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  }

  /** The errors in the files of a folder with a tsconfig.json, including a missing expected error. */
  errorsInProject(folder: string): string[] {
    const path = join(folder, 'tsconfig.json');
    const { fileNames, options, errors } = configured(path);
    if (errors.length > 0) throw new Error(`${path} names no files, or is wrong.`);
    return this.errorsIn(fileNames, folder, options);
  }
}
