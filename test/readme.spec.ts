import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import request from 'supertest';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readmeSnippets } from './support/readme-snippets.js';

const ROOT = join(import.meta.dirname, '..');
/** Below the repository, so that the snippets find the packages that they import. */
const FOLDER = join(ROOT, 'tmp', `readme-${process.pid}`);

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent({ ...config, include: ['test/readme.spec.ts'] }, ts.sys, ROOT).options;
}

function complaintsOf(files: readonly string[]): string[] {
  const program = ts.createProgram([...files], { ...compilerOptions(), noEmit: true });
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      (each) => `${each.file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(each.messageText, '\n')}`,
    );
}

describe('the README', () => {
  const all = readmeSnippets();

  beforeAll(() => {
    mkdirSync(FOLDER, { recursive: true });
    for (const { name, code } of all) writeFileSync(join(FOLDER, name), code);
  });

  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(FOLDER, { recursive: true, force: true });
  });

  it('has snippets that compile in strict mode when pasted', () => {
    expect(all.length).toBeGreaterThan(8);
    expect(complaintsOf(all.map(({ name }) => join(FOLDER, name)))).toEqual([]);
  });

  it('has a quick start that works when pasted', async () => {
    for (const { name, code } of all) {
      writeFileSync(
        join(FOLDER, name.replace('.ts', '.js')),
        ts.transpile(code, { ...compilerOptions(), module: ts.ModuleKind.ESNext }),
      );
    }
    vi.stubEnv('SESSION_SECRET', randomBytes(32).toString('base64url'));
    const module: { AppModule: Type } = await import(/* @vite-ignore */ join(FOLDER, 'app.module.js'));
    const app = await NestFactory.create(module.AppModule, { logger: false, forceCloseConnections: true });
    await app.listen(0, '127.0.0.1');
    try {
      const visitor = request.agent(await app.getUrl());
      await visitor.get('/cart').expect(200, { items: [], count: 0 });
      await visitor.post('/cart').send({ item: 'tea' }).expect(302);
      await visitor.get('/cart').expect(200, { items: ['tea'], count: 1, status: 'Added to your cart.' });
      await visitor.get('/cart').expect(200, { items: ['tea'], count: 1 });
    } finally {
      await app.close();
    }
  });
});
