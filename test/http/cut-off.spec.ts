import { once } from 'node:events';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { cutOff } from '../../lib/http/raw-http.js';

it('A response of HTTP/2 that is cut off does not look complete to its client', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200);
    response.write('half a page', () => cutOff(Object(response)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
  const { port } = server.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`);
  try {
    const request = client.request({ ':path': '/' });
    const [error] = await once(request.resume(), 'error', {}).catch((reason: unknown) => [reason]);
    expect(error).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  } finally {
    client.destroy();
    server.close();
  }
});
