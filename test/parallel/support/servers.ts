import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyring } from '../../../lib/crypto/keyring.js';
import { compileApplication } from '../../support/compile-application.js';
import type { ServerOrder, ServerReport } from './server-process.js';
import type { StoreSetting } from './store-setting.js';

const SECRET = 'a secret for tests that is long enough';
const KEYRING = new Keyring([SECRET], 'session');

/** Processes of an application. Each serves any number of stores and is started once per test file. */
export class ServerProcesses implements AsyncDisposable {
  readonly #folder: string;
  readonly #children: readonly ChildProcess[];

  private constructor(folder: string, children: readonly ChildProcess[]) {
    this.#folder = folder;
    this.#children = children;
  }

  static async start(count: number): Promise<ServerProcesses> {
    const folder = await mkdtemp(join(tmpdir(), 'session-server-'));
    const program = await compileApplication(join(import.meta.dirname, 'server-process.ts'), folder);
    const env = { ...process.env, SESSION_TEST_SERVER: 'true' };
    const children = Array.from({ length: count }, () => fork(program, { execArgv: [], env }));
    return new ServerProcesses(folder, children);
  }

  /** Starts an application on a store in each process. Returns their addresses. */
  async serve(store: StoreSetting): Promise<string[]> {
    const order: ServerOrder = { secret: SECRET, store };
    return Promise.all(
      this.#children.map(async (child) => {
        const patience = new AbortController();
        const ended = once(child, 'exit', patience).then((): [ServerReport] => [{ error: 'It ended' }]);
        child.send(order);
        const [report] = (await Promise.race([once(child, 'message'), ended])) as [ServerReport];
        ended.catch(() => undefined);
        patience.abort();
        if ('error' in report) throw new Error(`A server process does not serve: ${report.error}`);
        return report.url;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The response to a request. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** The id in the cookie that was set; null if none was. */
  readonly cookieId: string | null;
}

/** Sends a request with the cookie of a session id (null: none). */
export async function send(url: string, id: string | null, body?: object): Promise<Reply> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(id === null ? {} : { cookie: `session=${KEYRING.sign(id)}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const token = response.headers.getSetCookie()[0]?.match(/^session=([^;]*)/)?.[1];
  return {
    status: response.status,
    body: await response.json(),
    cookieId: token === undefined ? null : KEYRING.verify(token),
  };
}
