import { type IncomingMessage, get } from 'node:http';

/** A response that is read while it is being sent. */
export class OpenStream {
  /** The text received so far. */
  text = '';
  /** How the response ended. Resolves, never rejects. */
  readonly ended: Promise<'complete' | 'broken'>;
  #heard: () => void = () => undefined;

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.text += chunk;
      this.#heard();
    });
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      response.once('close', () => {
        resolve(response.complete ? 'complete' : 'broken');
        this.#heard();
      });
    });
  }

  /** Resolves when the response head has arrived. */
  static open(url: string, cookie = ''): Promise<OpenStream> {
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: false, headers: cookie === '' ? {} : { cookie } });
      request.once('response', (response) => {
        resolve(new OpenStream(response));
      });
      request.on('error', reject);
    });
  }

  /** The cookies of the response head as a Cookie header. */
  get cookie(): string {
    return (this.response.headers['set-cookie'] ?? []).map((each) => each.split(';')[0]).join('; ');
  }

  /** Resolves when this text has arrived; rejects if the stream ends without it. */
  async comes(part: string): Promise<void> {
    while (!this.text.includes(part)) {
      if (this.response.closed) throw new Error(`The stream has ended without "${part}": ${this.text}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** Closes the connection from the reader's side. */
  abort(): void {
    this.response.destroy();
  }
}
