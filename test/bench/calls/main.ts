/** Counts the function calls in this package for one request that reads and one that writes. */
import 'reflect-metadata';
import { realpathSync } from 'node:fs';
import { register } from 'node:module';
import type { AddressInfo } from 'node:net';
import { argv, env } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Visitor } from '../server/visitor.js';
import { catalogue, findVariant } from '../variants/catalogue.js';
import type { Variant } from '../variants/variant.js';
import type { HooksData } from './hooks.js';
import { callsDuring, figuresOf, type Call } from './trace.js';

/** The variants that need no server and no folder. */
const traceable = catalogue.filter(({ isOurs, isStore }) => isOurs === true && isStore !== true);
const names = traceable.map(({ name }) => name).join(',');
const routes = ['read', 'write'] as const;
/** Its event listeners are never removed, so everything this process traces afterwards would include their cost. */
const LISTENING = 'express-events';

const usage = `npm run bench -- calls [options]

  --only <names>        only these variants (separated by commas); default ${names}
  --list                also each call in its order, with file and line
  --package <folder>    this package as it was built in another folder
  --node 24|own         default 24
  --no-build            the package as it was built last`;

/** How often each route is requested beforehand, so that one-time work is done and caches are warm. */
const warmUps = 5;
/** How long after the response, in ms, the package may still work for the request. */
const aftermathMs = 50;

function variantOf(name: string): Variant {
  const variant = findVariant(name);
  if (traceable.includes(variant)) return variant;
  throw new Error(`--only takes some of ${names}, not "${name}"`);
}

/** The URL of the folder, with a trailing slash; by default, of this project. */
function packageUrl(folder: string | undefined): string {
  return folder === undefined
    ? new URL('.', import.meta.resolve('nestjs-session-kit/package.json')).href
    : `${pathToFileURL(realpathSync(folder)).href}/`;
}

async function trace(variant: Variant): Promise<Map<(typeof routes)[number], readonly Call[]>> {
  const start = await variant.load();
  const app = await start({ redisUrl: '', folder: '', onStatement: undefined });
  await app.listen(0, '127.0.0.1');
  try {
    const { port }: AddressInfo = app.getHttpServer().address();
    const visitor = new Visitor(`http://127.0.0.1:${port}`);
    await visitor.get('seed');
    for (let times = 0; times < warmUps; times++) for (const route of routes) await visitor.get(route);
    await pause(aftermathMs);
    const traces = new Map<(typeof routes)[number], readonly Call[]>();
    for (const route of routes) {
      const calls = await callsDuring(async () => {
        await visitor.get(route);
        await pause(aftermathMs);
      });
      traces.set(route, calls);
    }
    return traces;
  } finally {
    await app.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: argv.slice(2),
    options: {
      only: { type: 'string', default: names },
      list: { type: 'boolean', default: false },
      package: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const variants = values.only
    .split(',')
    .map((name) => variantOf(name.trim()))
    .toSorted((one, other) => Number(one.name === LISTENING) - Number(other.name === LISTENING));

  env['NODE_ENV'] = 'production';
  const data: HooksData = {
    packageUrl: packageUrl(values.package),
    traceUrl: new URL('trace.js', import.meta.url).href,
  };
  register('./hooks.js', { parentURL: import.meta.url, data });

  const lists: string[] = [];
  console.log('| variant | request | calls | files | changes of file |\n| --- | --- | --- | --- | --- |');
  for (const variant of variants) {
    for (const [route, own] of await trace(variant)) {
      const { calls, files, changes } = figuresOf(own);
      if (calls === 0) throw new Error(`No call was seen for /${route} of "${variant.name}"`);
      console.log(`| ${variant.name} | ${route} | ${calls} | ${files} | ${changes} |`);
      const lines = own.map(({ file, line, name }) => `${file}:${line}  ${name}`);
      lists.push(`\n${variant.name}, ${route}\n\n${lines.join('\n')}`);
    }
  }
  if (values.list) console.log(lists.join('\n'));
}

await main();
