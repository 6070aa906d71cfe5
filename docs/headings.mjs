/**
 * The anchor of a heading, as GitHub makes it. The site uses the same, so that a link to a heading works in both.
 *
 * @param {string} heading its text
 */
export function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/**
 * The anchors of all headings of a page.
 *
 * @param {string} markdown
 */
export function anchorsOf(markdown) {
  const text = markdown.replaceAll(/^```.*?^```$/gms, '').replaceAll(/\]\([^)]*\)/g, ']');
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchorOf(heading));
}
