import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';

/** A response as received over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether the connection broke before the end. */
  readonly broken: boolean;
}

/** Sends a request and reads its response to the end, without following or interpreting anything. */
export function rawRequest(
  url: string,
  options: RequestOptions & { body?: string; onEnd?: () => void } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, ...options }, (incoming) => {
      const chunks: Buffer[] = [];
      const length = Number(incoming.headers['content-length'] ?? -1);
      let received = 0;
      let done = false;
      let ended = false;
      const end = () => {
        if (!ended) options.onEnd?.();
        ended = true;
      };
      const answer = (broken: boolean) => {
        if (done) return;
        done = true;
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString('latin1'),
          broken,
        });
      };
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        received += chunk.length;
        // With a content length, the client is done when all bytes have arrived, whenever the server calls end().
        if (received === length) end();
      });
      incoming.on('end', () => {
        end();
        answer(!incoming.complete);
      });
      incoming.on('error', () => answer(true));
    });
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}
