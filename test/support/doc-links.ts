/**
 * A Markdown text without its fenced and indented code, and without brackets and hashes in inline code, as these are
 * neither links nor headings.
 */
function withoutCode(markdown: string): string {
  return markdown
    .replace(/^```.*?^```$/gms, '')
    .replace(/^ {4}.*$/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.slice(1, -1).replaceAll(/[[\]#]/g, ''));
}

/**
 * The links of a Markdown text to files of the repository or to headings, as written.
 *
 * @example
 * linksOf('[b](b.md#there) and [far](https://example.com)') // ['b.md#there']
 */
export function linksOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

/** The anchors of the headings of a Markdown text, as GitHub creates them. */
export function anchorsOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
