import { posix } from 'node:path';
import type { Application } from './application.js';
import type { ParsedFile } from './source-file.js';
import type { TextEdit } from './text-edits.js';

/** A name to import into a file. */
export interface Import {
  /** The name that the file needs. */
  readonly name: string;
  /** A package, or a source of the application, by its path without extension. */
  readonly from: string;
  /** The local name in the file. Default: its own. */
  readonly as?: string;
  /** Whether it is the default export. Default: no. */
  readonly isDefault?: boolean;
}

/** The style of a file's imports. */
export interface ImportStyle {
  readonly quote: string;
  /** The extension of relative paths: '.js', '.ts' or nothing. */
  readonly extension: string;
  readonly end: string;
  readonly lineEnd: string;
}

/** The style of a file. If it has no relative imports, the extension follows the application's module type. */
export function importStyleOf(application: Application, file: ParsedFile): ImportStyle {
  const relative = file.imports.from.filter((path) => path.startsWith('.'));
  const known = relative.map((path) => /\.[jt]s$/.exec(path)?.[0] ?? '');
  const usual = application.manifest.type === 'module' ? '.js' : '';
  const first = /\bfrom\s*(["']).*?\1\s*(;?)/.exec(file.text);
  return {
    quote: first?.[1] ?? "'",
    extension: known[0] ?? usual,
    end: first?.[2] ?? ';',
    lineEnd: file.text.includes('\r\n') ? '\r\n' : '\n',
  };
}

/** Converts text written with `'`, `;` and './path.js' to the style of the application. */
export function styled(text: string, { quote, extension, end, lineEnd }: ImportStyle): string {
  return text
    .replaceAll(/(from '\.[^']*)\.js'/g, `$1${extension}'`)
    .replaceAll("'", quote)
    .replaceAll(/;$/gm, end)
    .replaceAll('\n', lineEnd);
}

/**
 * The local name for an import from a package: its own name, or another if the file uses that for something
 * else.
 */
export function importedAs(file: ParsedFile, name: string, from: string, other: string): string {
  const found = file.importOf(name)?.from;
  return file.classOf(name) !== undefined || (found !== undefined && found !== from) ? other : name;
}

/** The edit that imports names into a file, after its other imports. Skips names that the file has. */
export function importLines(
  application: Application,
  file: ParsedFile,
  imports: readonly Import[],
): TextEdit {
  const { quote, extension, end } = importStyleOf(application, file);
  const lines = imports
    .filter(({ name, as = name }) => !file.has(as))
    .map(({ name, as = name, from, isDefault }) => {
      const path = from.startsWith('/') ? relativePath(file.path, from) + extension : from;
      const named = as === name ? name : `${name} as ${as}`;
      return `import ${isDefault === true ? name : `{ ${named} }`} from ${quote}${path}${quote}${end}`;
    });
  const at = file.imports.end;
  const text =
    at === 0 ? lines.map((line) => `${line}\n`).join('') : lines.map((line) => `\n${line}`).join('');
  return { start: at, end: at, text };
}

function relativePath(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}
