import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** A TypeScript snippet of the README or of a documentation page. */
export interface Snippet {
  /** The path of its page, relative to the repository. */
  readonly page: string;
  /** The name in its first line, or one made of its page and position. */
  readonly name: string;
  readonly code: string;
}

/** The README and all documentation pages, as paths relative to the repository. */
export function pages(): string[] {
  const written = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md') && !/\/(node_modules|\.site)\//.test(name));
  return ['README.md', ...written.toSorted()];
}

/** Each TypeScript snippet as a file. All are in one folder, so that they can import each other. */
export function docSnippets(): Snippet[] {
  return pages().flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ''], index) => ({
      page,
      name: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `${page.replace(/\W+/g, '-')}-${index}.ts`,
      code,
    }));
  });
}

/** A file of an application into which the snippets are pasted. */
export type SnippetFile = Pick<Snippet, 'name' | 'code'>;

/** Files that `nest new` creates and that are still there when a snippet is pasted. */
const TEMPLATE: readonly SnippetFile[] = [
  {
    name: 'app.service.ts',
    code: `import { Injectable } from '@nestjs/common';
@Injectable()
export class AppService { getHello(): string { return 'Hello World!'; } }`,
  },
  {
    name: 'app.controller.ts',
    code: `import { Controller, Get } from '@nestjs/common';
import { AppService } from './app.service.js';
@Controller()
export class AppController {
  constructor(private readonly appService: AppService) {}
  @Get() getHello(): string { return this.appService.getHello(); }
}`,
  },
];

/** All snippets, with the files that are there when they are pasted. */
export const pastedFiles = (): readonly SnippetFile[] => [...TEMPLATE, ...docSnippets()];

/** The code of the snippet with this name. */
export function docSnippet(name: string): string {
  const found = docSnippets().find((snippet) => snippet.name === name);
  if (found === undefined) throw new Error(`The documentation has no snippet named ${name}.`);
  return found.code;
}
