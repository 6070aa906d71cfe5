import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { anchorOf } from '../headings.mjs';

/** The sidebar, from the lists in README.md: a group for each heading, a page for each link. */
function contents() {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, ...groups] = text.replaceAll(/^\|.*\n/gm, '').split(/^## /m);
  return groups
    .map((group) => ({
      text: group.slice(0, group.indexOf('\n')),
      items: [...group.matchAll(/\[([^\]]+)\]\(([^)]+)\.md\)/g)].map(([, title, page]) => ({
        text: title,
        link: `/${page.replace(/README$/, '')}`,
      })),
    }))
    .filter(({ items }) => items.length > 0);
}

export default defineConfig({
  title: 'nestjs-session-kit',
  description: 'Sessions for NestJS, on Express and on Fastify',
  srcDir: '.site/pages',
  outDir: '.site/built',
  cacheDir: '.site/cache',
  markdown: {
    anchor: { slugify: anchorOf },
    config(md) {
      // Indented blocks are commands. VitePress leaves them without its style, and wider than a small screen.
      md.renderer.rules.code_block = (tokens, index, ...rest) => {
        tokens[index].info = 'sh';
        return md.renderer.rules.fence(tokens, index, ...rest);
      };
      // A page is no Vue template: `{{` is what Handlebars writes. VitePress leaves only fenced code as it is.
      for (const rule of ['code_inline', 'text']) {
        const render = md.renderer.rules[rule];
        md.renderer.rules[rule] = (...args) => render(...args).replaceAll('{{', '<span v-pre>{{</span>');
      }
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Contents', link: '/contents' },
      { text: 'API', link: '/api/' },
      { text: 'Changes', link: '/project/changelog' },
    ],
    sidebar: [
      { text: 'Quick start', link: '/' },
      ...contents(),
      {
        text: 'Reference',
        items: [
          { text: 'API', link: '/api/' },
          { text: 'Architecture', link: '/project/architecture' },
          { text: 'Contributing', link: '/project/contributing' },
          { text: 'The sample shop', link: '/project/sample' },
        ],
      },
    ],
  },
});
