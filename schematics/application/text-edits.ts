import type { ArrayLiteralExpression } from 'typescript';

/** Text that replaces what is between two positions. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies edits, which must not overlap, to a text. Inserted text gets the line ends of the source. */
export function applyEdits(source: string, edits: readonly TextEdit[]): string {
  const lineEnd = source.includes('\r\n') ? '\r\n' : '\n';
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce(
      (text, edit) => text.slice(0, edit.start) + edit.text.replaceAll('\n', lineEnd) + text.slice(edit.end),
      source,
    );
}

/** The white space at the beginning of the line with a position. */
export function indentAt(source: string, position: number): string {
  const line = source.slice(source.lastIndexOf('\n', position - 1) + 1, position);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

/**
 * Inserts elements at the beginning of a list in the source, each on its own line. At the beginning, because
 * there comments stay above the elements they belong to.
 */
export function prepend(source: string, list: ArrayLiteralExpression, elements: readonly string[]): TextEdit {
  const outer = indentAt(source, list.getStart());
  const inner = outer + unitOf(outer);
  const added = elements.map((element) => `\n${inner}${indented(element, inner)},`).join('');
  const open = list.getStart() + 1;
  const inside = source.slice(open, list.getEnd() - 1);
  if (inside.includes('\n')) {
    // Inserted after a comment beside the bracket, which would otherwise look like one of the first element.
    const start = open + (/^[ \t]*\/\/[^\r\n]*/.exec(inside)?.[0].length ?? 0);
    // An element beside the bracket gets a line of its own too.
    const beside = /^[ \t]*(?=[^ \t\r\n])/.exec(source.slice(start));
    if (beside === null) return { start, end: start, text: added };
    return { start, end: start + beside[0].length, text: `${added}\n${inner}` };
  }
  const lines =
    list.elements.length === 0
      ? [inside.trim()]
      : list.elements.map((element) => `${element.getFullText().trim()},`);
  const kept = lines.filter((line) => line !== '').map((line) => `\n${inner}${line}`);
  return { start: open, end: list.getEnd() - 1, text: `${added}${kept.join('')}\n${outer}` };
}

/** One step of indentation, inferred from an indented line. */
export const unitOf = (indent: string): string =>
  indent.includes('\t') ? '\t' : indent.length === 4 ? '    ' : '  ';

/** Indents all lines but the first. */
export const indented = (text: string, indent: string): string => text.replaceAll('\n', `\n${indent}`);
