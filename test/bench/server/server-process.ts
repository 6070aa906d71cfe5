import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Variant } from '../variants/variant.js';
import { onCore } from './cores.js';
import type { Answers, Ask, Listening, Question, Reply } from './messages.js';

const entry = fileURLToPath(new URL('entry.js', import.meta.url));

export interface StartServerOptions {
  /** The Node that runs it: the path of its program. */
  readonly node: string;
  readonly redisUrl?: string;
  /** Counts the statements that go to a database. */
  readonly counts?: boolean;
}

/** One variant in a process of its own, on the core of the servers. */
export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  readonly #ended: Promise<never>;
  #asked = 0;

  private constructor(child: ChildProcess, folder: string, url: string, ended: Promise<never>) {
    this.#child = child;
    this.#folder = folder;
    this.url = url;
    this.#ended = ended;
    child.on('message', (reply: Reply) => this.#take(reply));
  }

  /** @throws Error with what the process printed, where it ends before it listens */
  static async start(variant: Variant, options: StartServerOptions): Promise<ServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'session-bench-'));
    const [program, ...args] = onCore(0, [options.node, '--enable-source-maps=false', entry, variant.name]);
    const child = spawn(program, args, {
      // Standard output is for the tables.
      stdio: ['ignore', 2, 2, 'ipc'],
      env: {
        ...env,
        NODE_ENV: 'production',
        BENCH_FOLDER: folder,
        BENCH_REDIS_URL: options.redisUrl ?? '',
        BENCH_COUNT: options.counts === true ? '1' : '',
      },
    });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`The server of "${variant.name}" ended with ${String(code)}`);
    });
    // Whoever waits for the server hears of it; before and after that nobody has to.
    ended.catch(() => undefined);
    const first: unknown[] = await Promise.race([once(child, 'message'), ended]);
    const { port } = first[0] as Listening;
    return new ServerProcess(child, folder, `http://127.0.0.1:${port}`, ended);
  }

  /** Asks the process something; rejects where it has ended. */
  async ask<Q extends Question>(question: Q): Promise<Answers[Q]> {
    const id = this.#asked++;
    const answer = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve));
    const message: Ask = { id, question };
    this.#child.send(message);
    return (await Promise.race([answer, this.#ended])) as Answers[Q];
  }

  /** Ends the process and removes what it stored. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended.catch(() => undefined);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #take(reply: Reply): void {
    this.#waiting.get(reply.id)?.(reply.answer);
    this.#waiting.delete(reply.id);
  }
}
