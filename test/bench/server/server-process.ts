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
  /** The path of the Node to run it with. */
  readonly node: string;
  readonly redisUrl?: string;
  /** Counts the statements sent to a database. */
  readonly counts?: boolean;
}

/** One variant in a separate process, on the core of the servers. */
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

  /** @throws Error with the exit code if the process ends before it listens */
  static async start(variant: Variant, options: StartServerOptions): Promise<ServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'session-bench-'));
    const [program, ...args] = onCore(0, [options.node, '--enable-source-maps=false', entry, variant.name]);
    const child = spawn(program, args, {
      // Standard output is reserved for the tables.
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
    // Whoever awaits the server gets the error; otherwise it must not be an unhandled rejection.
    ended.catch(() => undefined);
    const first: unknown[] = await Promise.race([once(child, 'message'), ended]);
    const { port } = first[0] as Listening;
    return new ServerProcess(child, folder, `http://127.0.0.1:${port}`, ended);
  }

  /** Asks the process a question; rejects if it has ended. */
  async ask<Q extends Question>(question: Q): Promise<Answers[Q]> {
    const id = this.#asked++;
    const answer = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve));
    const message: Ask = { id, question };
    this.#child.send(message);
    return (await Promise.race([answer, this.#ended])) as Answers[Q];
  }

  /** Kills the process and removes its data. */
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
