/** A piece of text that takes the place of what stands between two positions. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Puts edits into a text, none of which overlap. What they bring gets the line ends that the text has. */
export function applyEdits(source: string, edits: readonly TextEdit[]): string {
  const lineEnd = source.includes('\r\n') ? '\r\n' : '\n';
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce(
      (text, edit) => text.slice(0, edit.start) + edit.text.replaceAll('\n', lineEnd) + text.slice(edit.end),
      source,
    );
}

/** The white space at the beginning of the line that a position is in. */
export function indentAt(source: string, position: number): string {
  const line = source.slice(source.lastIndexOf('\n', position - 1) + 1, position);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}
