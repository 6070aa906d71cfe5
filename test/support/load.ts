import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Post } from '@nestjs/common';
import { RequestSession, Session } from 'nestjs-session-kit';

/** The routes that the load requests. */
@Controller()
export class LoadController {
  @Get('name')
  name(@Session() session: RequestSession): object {
    return { name: session.get('name', 'nobody') };
  }

  @Post('count')
  count(@Session() session: RequestSession): object {
    return { count: session.increment('count') };
  }

  @Post('begin')
  begin(@Session() session: RequestSession): object {
    session.put({ name: 'Ada', count: 0 });
    return {};
  }
}

/** A response under load. */
export interface LoadAnswer {
  readonly kind: 'read' | 'write' | 'stranger';
  readonly status: number;
  readonly tookMs: number;
  readonly setsCookie: boolean;
}

/** A visitor with a session, and what is known about its counter. */
export interface LoadVisitor {
  readonly cookie: string;
  /** Increments that were answered with success. */
  counted: number;
  /** Increments that were answered with an error: each may or may not have been stored. */
  uncertain: number;
}

/** The pause between a response and the next request: keeps the machine busy but not saturated. */
const PAUSE_MS = 100;

/** Visitors that send requests continuously, and one stranger without a session. */
export class Load {
  readonly answers: LoadAnswer[] = [];
  readonly #url: string;
  readonly visitors: readonly LoadVisitor[];
  #running = true;
  #loops: Promise<void>[] = [];

  private constructor(url: string, visitors: readonly LoadVisitor[]) {
    this.#url = url;
    this.visitors = visitors;
  }

  /** @param count number of visitors; each sends a read and a write at a time */
  static async begin(url: string, count: number): Promise<Load> {
    const visitors = await Promise.all(
      Array.from({ length: count }, async (): Promise<LoadVisitor> => {
        const response = await fetch(`${url}/begin`, { method: 'POST' });
        await response.arrayBuffer();
        const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
        if (cookie === undefined) throw new Error('A visitor got no session');
        return { cookie, counted: 0, uncertain: 0 };
      }),
    );
    const load = new Load(url, visitors);
    load.#loops = [
      ...visitors.flatMap((visitor) => [
        load.#repeat(() => load.read(visitor)),
        load.#repeat(() => load.count(visitor)),
      ]),
      load.#repeat(() => load.#ask('stranger', '/name', null)),
    ];
    // `end` throws their errors; until then they must not count as unhandled rejections.
    for (const loop of load.#loops) loop.catch(() => undefined);
    return load;
  }

  async #repeat(ask: () => Promise<unknown>): Promise<void> {
    while (this.#running) {
      await ask();
      await sleep(PAUSE_MS);
    }
  }

  /** The number of parallel requests. */
  get width(): number {
    return this.#loops.length;
  }

  /** Stops the load once the pending requests are answered. @throws the connection errors so far */
  async end(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  read(visitor: LoadVisitor): Promise<LoadAnswer> {
    return this.#ask('read', '/name', visitor.cookie);
  }

  async count(visitor: LoadVisitor): Promise<LoadAnswer> {
    const answer = await this.#ask('write', '/count', visitor.cookie);
    if (answer.status === 201) visitor.counted += 1;
    else visitor.uncertain += 1;
    return answer;
  }

  async #ask(kind: LoadAnswer['kind'], path: string, cookie: string | null): Promise<LoadAnswer> {
    const begun = performance.now();
    const response = await fetch(`${this.#url}${path}`, {
      method: kind === 'write' ? 'POST' : 'GET',
      headers: cookie === null ? {} : { cookie },
    });
    await response.arrayBuffer();
    const answer: LoadAnswer = {
      kind,
      status: response.status,
      tookMs: performance.now() - begun,
      setsCookie: response.headers.has('set-cookie'),
    };
    this.answers.push(answer);
    return answer;
  }
}
