import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { type RecordDriver, Session, type SessionRecord } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { CountingDriver } from '../support/counting-driver.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';
import { type AnyResponse, rawOf } from '../support/session-writes.js';

/** Stores nothing before the last of the writes has arrived, and the last one first. */
class LastFirst extends CountingDriver {
  readonly #waiting: Deferred[] = [];

  constructor(private readonly expected: number) {
    super();
  }

  override async write(id: string, record: SessionRecord): Promise<boolean> {
    const turn = new Deferred();
    this.#waiting.push(turn);
    if (this.#waiting.length === this.expected) this.#waiting.at(-1)?.resolve();
    await turn.promise;
    const isStored = await super.write(id, record);
    // By then, the response has been given to Node.js.
    for (let turns = 0; turns < 5; turns += 1) await nextTurn();
    this.#waiting[this.#waiting.indexOf(turn) - 1]?.resolve();
    return isStored;
  }
}

/** Each answers in another way, after a write by the facade or by the decorator. */
@Controller()
class NamesController {
  @Get('value/:name')
  value(@Param('name') name: string, @Session() session: Session): string {
    session.put('name', name);
    return name;
  }

  @Get('end/:name')
  end(@Param('name') name: string, @Res() res: AnyResponse): void {
    Session.put('name', name);
    rawOf(res).end(name);
  }

  @Get('chunks/:name')
  async chunks(@Param('name') name: string, @Res() res: AnyResponse): Promise<void> {
    const raw: ServerResponse = rawOf(res).setHeader('content-length', name.length);
    Session.put('name', name);
    raw.write(name.slice(0, 3));
    await nextTurn();
    raw.end(name.slice(3));
  }

  @Get('error/:name')
  error(@Param('name') name: string, @Session() session: Session): never {
    session.put('name', name);
    throw new NotFoundException(name);
  }

  @Get('name')
  name(@Session('name') name: string): string {
    return name;
  }
}

const KINDS = ['value', 'end', 'chunks', 'error'];
const NAMES = Array.from({ length: 12 }, (_, index) => `visitor${index}`);

/** Sends all requests at once on one connection (RFC 9112, 9.3.2), and reads the answers. */
async function pipelined(url: string, paths: readonly string[]): Promise<string[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  socket.write(
    `${requests.slice(0, -1).join('')}${requests.at(-1)?.replace('Host', 'Connection: close\r\nHost')}`,
  );
  return (await text(socket)).split(/(?=HTTP\/1\.1 )/);
}

describe.each(PLATFORMS)('requests that %s gets on one connection before it has answered any', (platform) => {
  const slow: RecordDriver = new LastFirst(NAMES.length);
  it.each([
    ['memory', { driver: 'memory' }],
    ['stealth', { driver: 'stealth' }],
    [
      'a store that stores the last one first',
      { driver: 'slow', drivers: { slow: { useFactory: () => slow } } },
    ],
  ])('are answered in order, each with a session of its own: %s', async (_name, options) => {
    await using app = await TestApp.start(platform, { controllers: [NamesController], options });
    const answers = await pipelined(
      app.url,
      NAMES.map((name, index) => `/${KINDS[index % KINDS.length]}/${name}`),
    );
    expect(answers.map((answer) => /visitor\d+/.exec(answer)?.[0])).toEqual(NAMES);
    for (const [index, answer] of answers.entries()) {
      const [, cookie = ''] = /^set-cookie: ([^;]+)/im.exec(answer) ?? [];
      await app.request.get('/name').set('cookie', cookie).expect(200, NAMES[index]);
    }
  });
});
