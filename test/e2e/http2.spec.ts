import { connect } from 'node:http2';
import { Controller, Get, Res } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyReply } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionModule } from 'nestjs-session-kit';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { UNHURRIED } from '../support/test-app.js';

@Controller()
class SumController {
  @Get('sum')
  sum(@Session() session: Session, @Res() { raw }: FastifyReply): void {
    session.put('visits', 1);
    raw.setHeader('trailer', 'x-sum');
    raw.write('a page');
    raw.addTrailers({ 'x-sum': '5' });
    raw.end();
  }

  @Get('no-status')
  noStatus(@Session() session: Session, @Res() { raw }: FastifyReply): void {
    session.put('visits', 1);
    try {
      raw.writeHead(1000);
    } catch {
      raw.writeHead(502);
      raw.end('sorry');
    }
  }

  @Get('any-characters')
  anyCharacters(@Session() session: Session, @Res() { raw }: FastifyReply): void {
    session.put('visits', 1);
    raw.writeHead(200, { 'x-name': 'отчёт' });
    raw.end('report');
  }
}

/** A response of HTTP/2. */
interface Answer {
  status: number | undefined;
  body: string;
  trailers: object;
}

describe('a response over HTTP/2', () => {
  const driver = new ScriptedDriver();
  let close: () => Promise<void>;
  let ask: (path: string) => Promise<Answer>;

  beforeAll(async () => {
    const options = { ...UNHURRIED, driver: 'scripted', drivers: { scripted: { useFactory: () => driver } } };
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot(options)],
      controllers: [SumController],
    }).compile();
    const app = testing.createNestApplication(new FastifyAdapter(Object({ http2: true })), { logger: false });
    await app.listen(0, '127.0.0.1');
    const client = connect(await app.getUrl());
    close = async () => {
      client.close();
      await app.close();
    };
    ask = (path) =>
      new Promise((resolve, reject) => {
        const answer: Answer = { status: undefined, body: '', trailers: {} };
        const stream = client.request({ ':path': path });
        stream.on('response', ({ ':status': status }) => (answer.status = status));
        stream.on('trailers', ({ 'x-sum': sum }) => (answer.trailers = { 'x-sum': sum }));
        stream.setEncoding('utf8').on('data', (chunk: string) => (answer.body += chunk));
        stream.on('error', reject).on('close', () => resolve(answer));
      });
  });
  afterAll(() => close());

  it('has its trailers once the session is stored', async () => {
    expect(await ask('/sum')).toEqual({ status: 200, body: 'a page', trailers: { 'x-sum': '5' } });
  });

  it('is still open to the code that catches the error about its status', async () => {
    expect(await ask('/no-status')).toEqual({ status: 502, body: 'sorry', trailers: {} });
  });

  it('may have characters in its headers that HTTP/1 does not take', async () => {
    expect(await ask('/any-characters')).toEqual({ status: 200, body: 'report', trailers: {} });
  });

  it('has no trailers of its own if the session cannot be stored and an error replaces it', async () => {
    driver.mood = 'failing';
    const body = JSON.stringify({ statusCode: 503, message: 'Service Unavailable' });
    expect(await ask('/sum')).toEqual({ status: 503, body, trailers: {} });
  });
});
