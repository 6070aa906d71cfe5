import { type IncomingMessage, get } from 'node:http';

/** A response that is read while it goes on. */
export class OpenStream {
  /** What has come so far. */
  text = '';
  /** How it came to its end: as it should, or broken off. Resolves, never rejects. */
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

  /** Resolves when the head of the response has come. */
  static open(url: string, cookie = ''): Promise<OpenStream> {
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: false, headers: cookie === '' ? {} : { cookie } });
      request.once('response', (response) => {
        resolve(new OpenStream(response));
      });
      request.on('error', reject);
    });
  }

  /** The cookies that came with the head, as they are sent back. */
  get cookie(): string {
    return (this.response.headers['set-cookie'] ?? []).map((each) => each.split(';')[0]).join('; ');
  }

  /** Resolves when this has come; rejects where the stream ends without. */
  async comes(part: string): Promise<void> {
    while (!this.text.includes(part)) {
      if (this.response.closed) throw new Error(`The stream has ended without "${part}": ${this.text}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** The reader goes away. */
  abort(): void {
    this.response.destroy();
  }
}
