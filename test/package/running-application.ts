import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** An application in a process of its own. */
export class RunningApplication implements AsyncDisposable {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly heard: () => string,
  ) {}

  /** Waits for the address that the process prints. */
  static async of(child: ChildProcess): Promise<RunningApplication> {
    let heard = '';
    const { promise, found, gone } = address();
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        heard += chunk.toString();
        const url = /http:\/\/\S+/.exec(heard)?.[0];
        if (url !== undefined) found(url);
      });
    }
    child.once('exit', () => {
      gone(new Error(`The application ended: ${heard}`));
    });
    return new RunningApplication(await promise, child, () => heard);
  }

  /** Everything it printed after its address: warnings, errors. */
  get complaints(): string {
    return this.heard().replace(this.url, '').trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }
}

function address(): { promise: Promise<string>; found: (url: string) => void; gone: (error: Error) => void } {
  let found: (url: string) => void = () => undefined;
  let gone: (error: Error) => void = () => undefined;
  const promise = new Promise<string>((resolve, reject) => {
    found = resolve;
    gone = reject;
  });
  return { promise, found: (url) => found(url), gone: (error) => gone(error) };
}
