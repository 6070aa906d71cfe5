import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeDriverConformance } from 'nestjs-session-kit/conformance';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { docSnippet } from '../support/doc-snippets.js';

/** Below the repository, so that the snippet finds the packages that it imports. */
const FOLDER = join(import.meta.dirname, '..', '..', 'tmp', `documented-driver-${process.pid}`);

interface Exported {
  readonly KeyValueService: new () => object;
  readonly KeyValueDriver: new (store: object) => RecordDriver;
}

/** What the documentation shows, as it stands there. */
async function shown(): Promise<Exported> {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, 'key-value.driver.js');
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  writeFileSync(file, ts.transpile(docSnippet('key-value.driver.ts'), options));
  return import(/* @vite-ignore */ file);
}

const { KeyValueDriver, KeyValueService } = await shown();

describe('the documentation', () => {
  afterAll(() => {
    rmSync(FOLDER, { recursive: true, force: true });
  });

  describeDriverConformance({
    name: 'the driver that it shows',
    describe,
    it,
    expect,
    create: () => ({ driver: new KeyValueDriver(new KeyValueService()) }),
  });
});
