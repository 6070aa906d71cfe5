import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ParseOnce } from '../support/parse-once.js';

/** The compiler's errors in a folder, including a missing expected error. */
function compile(folder: string, parsing: ParseOnce): string[] {
  const config = fileURLToPath(new URL(`${folder}/tsconfig.json`, import.meta.url));
  const { config: json, error } = ts.readConfigFile(config, (path) => ts.sys.readFile(path));
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const parsed = ts.parseJsonConfigFileContent(json, ts.sys, dirname(config));
  const { fileNames, options, errors } = parsed;
  if (errors.length > 0) throw new Error(`${config} names no files, or is wrong.`);
  const program = ts.createProgram({ rootNames: fileNames, options, host: parsing.hostFor(options) });
  // Only the folder's own files; the others are compiled elsewhere.
  const found = fileNames.flatMap((name) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  return found.map(({ file, start, messageText }) => {
    const line =
      file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    const where = file === undefined ? config : relative(dirname(config), file.fileName);
    return `${where}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

describe('the types of a session', () => {
  const parsing = new ParseOnce();

  it('include the keys that an application declares, in every method, decorator and facade', () => {
    expect(compile('augmented', parsing)).toEqual([]);
  });

  it('include the keys of the type that a handler asks for, and leave all others unknown', () => {
    expect(compile('own', parsing)).toEqual([]);
  });
});
