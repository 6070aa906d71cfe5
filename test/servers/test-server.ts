import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from './ensure.js';
import { freePort } from './free-port.js';
import { signalTree, stopTree } from './process-tree.js';
import { makeServerFolder } from './server-folder.js';

/** A server that tests talk to. */
export interface TestServer {
  /** The URL for clients, including credentials. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** The process id of the running server; 0 if the environment named the server. */
  readonly pid: number;
  /** The temporary folder with its data and log; '' if the environment named the server. */
  readonly folder: string;
  /** True if the environment named the server; then `pause`, `resume`, `kill` and `restart` throw. */
  readonly external: boolean;
  /** Ends the server for good and removes its data. A second call does nothing. */
  stop(): Promise<void>;
  /** SIGSTOP: connections stay open, but nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGKILL: the server is down until `restart`. Acknowledged data stays, if the server stores any on disk. */
  kill(): Promise<void>;
  /** Ends the server if it runs, and starts it again on the same port with the same data; resolves when it answers. */
  restart(): Promise<void>;
}

/** What `startServer` needs to know about a kind of server. */
export interface ServerPlan {
  readonly name: string;
  readonly program: string;
  args(place: ServerPlace): string[];
  url(place: ServerPlace): string;
  /** Rejects until the server answers. */
  probe(place: ServerPlace): Promise<void>;
  /** Runs once, before the first start. */
  prepare?(place: ServerPlace): Promise<void>;
  /** The account to use when tests run as root, for servers that refuse to run as root. */
  readonly account?: string;
  /** The signal for a clean stop. Default SIGTERM. */
  readonly endSignal?: NodeJS.Signals;
  /** The signal if the data is discarded anyway. Default SIGKILL. */
  readonly discardSignal?: NodeJS.Signals;
  readonly port?: number;
}

/** The folder, host and port of one server. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  /** The user and group id to run under; undefined: those of the tests. */
  readonly identity: { readonly uid: number; readonly gid: number } | undefined;
}

const startLimitMs = 300_000;
const living = new Set<RunningServer>();

// A last resort for runs that end before their hooks.
process.on('exit', () => {
  for (const server of living) server.discardNow();
});

function identityOf(account: string): { uid: number; gid: number } {
  const id = (flag: string): number =>
    Number.parseInt(spawnSync('id', [flag, account], { encoding: 'utf8' }).stdout, 10);
  const [uid, gid] = [id('-u'), id('-g')];
  if (Number.isNaN(uid) || Number.isNaN(gid))
    throw new Error(`There is no account "${account}" on this machine`);
  return { uid, gid };
}

class RunningServer implements TestServer {
  readonly external = false;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private paused = false;

  constructor(
    private readonly plan: ServerPlan,
    private readonly place: ServerPlace,
  ) {
    this.host = place.host;
    this.port = place.port;
    this.url = plan.url(place);
    this.folder = place.folder;
    living.add(this);
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const child = this.spawn();
    this.child = child;
    this.ended = new Promise<void>((resolve) => {
      const forget = (): void => {
        if (this.child === child) this.child = undefined;
        resolve();
      };
      child.once('error', forget);
      child.once('exit', forget);
    });
    const deadline = Date.now() + startLimitMs;
    for (;;) {
      const trouble = await this.plan.probe(this.place).then(
        () => null,
        (error: unknown) => error,
      );
      if (trouble === null && this.child === child) return;
      if (this.child !== child)
        throw new Error(`${this.plan.name} ended while it started:\n${this.logTail()}`);
      if (Date.now() > deadline) {
        throw new Error(`${this.plan.name} did not answer:\n${this.logTail()}`, { cause: trouble });
      }
      await sleep(15);
    }
  }

  private spawn(): ChildProcess {
    const { program, args } = { program: this.plan.program, args: this.plan.args(this.place) };
    const { identity } = this.place;
    const log = openSync(this.logPath, 'a');
    // setpriv makes the kernel end the server together with the test process, however that ends.
    const setpriv = findProgram('setpriv');
    const account =
      identity === undefined ? [] : [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups'];
    const child =
      setpriv === null
        ? spawn(program, args, { stdio: ['ignore', log, log], cwd: this.place.folder, ...identity })
        : spawn(setpriv, ['--pdeathsig', 'KILL', ...account, '--', program, ...args], {
            stdio: ['ignore', log, log],
            cwd: this.place.folder,
          });
    closeSync(log);
    child.unref();
    return child;
  }

  private get logPath(): string {
    return join(this.place.folder, 'server.log');
  }

  private logTail(): string {
    return readFileSync(this.logPath, 'utf8').split('\n').slice(-20).join('\n');
  }

  pause(): void {
    this.paused = true;
    if (this.child?.pid !== undefined) stopTree(this.child.pid);
  }

  resume(): void {
    this.paused = false;
    this.signal('SIGCONT');
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.end(this.plan.endSignal ?? 'SIGTERM');
    await this.start();
  }

  async stop(): Promise<void> {
    if (!living.has(this)) return;
    await this.end(this.plan.discardSignal ?? 'SIGKILL');
    this.discardNow();
  }

  /** Kills the server without waiting, and removes the folder. */
  discardNow(): void {
    living.delete(this);
    this.signal('SIGKILL');
    rmSync(this.place.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    // A stopped process handles no other signal.
    if (this.paused && signal !== 'SIGKILL') this.resume();
    this.paused = false;
    if (signal === 'SIGKILL') this.signal(signal);
    else this.child?.kill(signal);
    const finished = this.ended.then(() => true);
    const patience = new AbortController();
    const inTime = await Promise.race([finished, sleep(60_000, false, { signal: patience.signal })]);
    patience.abort();
    if (!inTime) {
      this.signal('SIGKILL');
      await this.ended;
    }
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.child?.pid !== undefined) signalTree(this.child.pid, signal);
  }
}

/** Starts a server in a temporary folder on a free port of 127.0.0.1 and waits until it answers. */
export async function startServer(plan: ServerPlan): Promise<TestServer> {
  const isRoot = process.getuid?.() === 0;
  const identity = isRoot && plan.account !== undefined ? identityOf(plan.account) : undefined;
  for (let attempt = 1; ; attempt++) {
    const folder = makeServerFolder(plan.name);
    if (identity !== undefined) chownSync(folder, identity.uid, identity.gid);
    const place = { host: '127.0.0.1', port: plan.port ?? (await freePort()), folder, identity };
    const server = new RunningServer(plan, place);
    try {
      await plan.prepare?.(place);
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      // Another process may have taken the port since it was found free.
      if (plan.port !== undefined || attempt === 3) throw error;
    }
  }
}
