/** Text without what stands in fences, indented blocks and inline code, where nothing is a link or a heading. */
function withoutCode(markdown: string): string {
  return markdown
    .replace(/^```.*?^```$/gms, '')
    .replace(/^ {4}.*$/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.slice(1, -1).replaceAll(/[[\]#]/g, ''));
}

/**
 * The links of a Markdown text that lead to a file of the repository or to a heading, as they are written there.
 *
 * @example
 * linksOf('[b](b.md#there) and [far](https://example.com)') // ['b.md#there']
 */
export function linksOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

/** The anchors that a Markdown text has by its headings, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
