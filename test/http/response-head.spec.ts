import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http';
import { once } from 'node:events';
import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type HeadArguments, SET_COOKIE, addToHead } from '../../lib/http/response/response-head.js';

const COOKIES = ['session.0=a; Path=/', 'session.1=b; Path=/'];

interface Head {
  readonly status: number | undefined;
  readonly message: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** The head that a client receives when a prepared response writes it with session cookies. */
async function send(
  args: HeadArguments,
  prepare: (res: ServerResponse) => unknown = () => undefined,
): Promise<Head> {
  await using server = createServer((_req, res) => {
    prepare(res);
    const head = addToHead(res, args, { field: SET_COOKIE, values: COOKIES });
    Reflect.apply(Reflect.get(res, 'writeHead'), res, head);
    res.end('body');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const request = get({ port, host: '127.0.0.1', agent: false });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  return {
    status: response.statusCode,
    message: response.statusMessage,
    headers: response.headers,
  };
}

const OWN = 'own=1; Path=/';

describe('The head of a response with a session cookie', () => {
  it.each<[string, HeadArguments]>([
    ['an object', [200, { '': 'ignored', 'x-own': 'yes' }]],
    [
      'a list of pairs',
      [
        200,
        [
          ['', 'ignored'],
          ['x-own', 'yes'],
        ],
      ],
    ],
    ['a flat list', [200, 'OK', ['', 'ignored', 'x-own', 'yes']]],
  ])('ignores a header without a name in %s, as Node.js does beside other headers', async (_, args) => {
    const { status, headers } = await send(args);
    expect([status, headers['x-own'], headers['set-cookie']]).toEqual([200, 'yes', COOKIES]);
  });

  it('contains the cookie, and marks the response as private to caches', async () => {
    const { status, headers } = await send([204]);
    expect(status).toBe(204);
    expect(headers['set-cookie']).toEqual(COOKIES);
    expect(headers['cache-control']).toBe('private, no-cache="Set-Cookie"');
    expect(headers.vary).toBe('Cookie');
  });

  it.each<[string, HeadArguments]>([
    ['on the response', [200]],
    ['in the head', [200, { Vary: 'Accept' }]],
  ])(
    'contains the cookie once after Node refused a first head and a filter writes another: %s',
    async (_where, args) => {
      const refused = (res: ServerResponse): void =>
        void addToHead(res, [200], { field: SET_COOKIE, values: COOKIES });
      expect((await send(args, refused)).headers['set-cookie']).toEqual(COOKIES);
    },
  );

  it.each<[string, HeadArguments, ((res: ServerResponse) => void)?]>([
    ['setHeader, one', [200], (res) => res.setHeader('Set-Cookie', OWN)],
    ['setHeader, a list', [200], (res) => res.setHeader('set-cookie', [OWN])],
    ['appendHeader', [200], (res) => res.appendHeader('Set-Cookie', OWN)],
    ['writeHead with an object', [200, { 'Set-Cookie': OWN }]],
    ['writeHead with an object and a list', [200, { 'SET-COOKIE': [OWN] }]],
    ['writeHead with a flat list', [200, ['Set-Cookie', OWN, 'X-Other', 'x']]],
    [
      'writeHead with a list of pairs',
      [
        200,
        [
          ['X-Other', 'x'],
          ['set-cookie', OWN],
        ],
      ],
    ],
    ['writeHead with a message and headers', [200, 'Fine', { 'Set-Cookie': OWN }]],
    ['writeHead with headers, and undefined for the message', [200, undefined, { 'Set-Cookie': OWN }]],
    ['writeHead with headers, and null for the message', [200, null, { 'Set-Cookie': OWN }]],
    [
      'setHeader, while writeHead brings other headers',
      [200, { 'X-Other': 'x' }],
      (res) => res.setHeader('Set-Cookie', OWN),
    ],
  ])('keeps the cookie of the application: %s', async (_how, args, prepare) => {
    const { headers } = await send(args, prepare);
    expect(headers['set-cookie']).toEqual([OWN, ...COOKIES]);
  });

  it('contains the cookie even if a library wraps setHeader and appends its own', async () => {
    const { headers } = await send([200], (res) => {
      const setHeader = res.setHeader.bind(res);
      res.setHeader = (name, value) => setHeader(name, Array.isArray(value) ? [...value, OWN] : value);
    });
    expect(headers['set-cookie']).toEqual([...COOKIES, OWN]);
  });

  it('keeps several cookies of a flat list, of which Node 20 alone keeps one', async () => {
    const { headers } = await send([200, ['Set-Cookie', OWN, 'Set-Cookie', 'own=2', 'X-A', '1', 'X-A', '2']]);
    expect(headers['set-cookie']).toEqual([OWN, 'own=2', ...COOKIES]);
    expect(headers['x-a']).toBe('1, 2');
  });

  it.each<[string, HeadArguments]>([
    ['a flat list', [200, ['Content-Type', 'text/html']]],
    ['a list of pairs', [200, [['Content-Type', 'text/html']]]],
  ])(
    'leaves a header of %s the text it is, for libraries that read it on the response',
    async (_how, args) => {
      let read: unknown;
      await send(args, (res) => {
        const writeHead = res.writeHead.bind(res);
        Reflect.set(res, 'writeHead', (status: number) => {
          read = res.getHeader('content-type');
          return writeHead(status);
        });
      });
      expect(read).toBe('text/html');
    },
  );

  it('keeps status, message and every other header', async () => {
    const { status, message, headers } = await send(
      [201, 'Made', { Location: '/a', 'Content-Length': 4 }],
      (res) => {
        res.setHeader('X-Before', 'x');
      },
    );
    expect({ status, message }).toEqual({ status: 201, message: 'Made' });
    expect(headers).toMatchObject({ location: '/a', 'content-length': '4', 'x-before': 'x' });
  });

  it.each<[string, HeadArguments, ((res: ServerResponse) => void)?]>([
    ['setHeader', [200], (res) => res.setHeader('Cache-Control', 'no-store')],
    ['writeHead', [200, { 'CACHE-CONTROL': 'no-store' }]],
    [
      'setHeader, while writeHead brings other headers',
      [200, { a: 'b' }],
      (res) => res.setHeader('cache-control', 'no-store'),
    ],
  ])('leaves the Cache-Control of the application as it is: %s', async (_how, args, prepare) => {
    expect((await send(args, prepare)).headers['cache-control']).toBe('no-store');
  });

  it.each<[string, HeadArguments, ((res: ServerResponse) => void) | undefined, string]>([
    ['setHeader', [200], (res) => res.setHeader('Vary', 'Accept'), 'Accept, Cookie'],
    [
      'setHeader with Cookie in it',
      [200],
      (res) => res.setHeader('Vary', 'Accept, cookie'),
      'Accept, cookie',
    ],
    ['setHeader with a star', [200], (res) => res.setHeader('Vary', '*'), '*'],
    ['writeHead', [200, { VARY: 'Accept' }], undefined, 'Accept, Cookie'],
    ['writeHead with Cookie in it', [200, { vary: 'Cookie' }], undefined, 'Cookie'],
    ['writeHead with a list', [200, { vary: ['Accept', 'Origin'] }], undefined, 'Accept, Origin, Cookie'],
    [
      'setHeader, while writeHead brings other headers',
      [200, { a: 'b' }],
      (res) => res.setHeader('Vary', 'Accept'),
      'Accept, Cookie',
    ],
  ])('adds Cookie to Vary if it is missing: %s', async (_how, args, prepare, expected) => {
    expect((await send(args, prepare)).headers.vary).toBe(expected);
  });

  it('changes neither the headers object nor the arguments of the application', async () => {
    const headers = Object.freeze({ 'Set-Cookie': OWN, Vary: 'Accept' });
    const args = Object.freeze([200, headers]) as HeadArguments;
    await send(args);
    expect(args).toEqual([200, { 'Set-Cookie': OWN, Vary: 'Accept' }]);
  });

  it.each<[string, (own: string[]) => HeadArguments, (res: ServerResponse, own: string[]) => unknown]>([
    ['setHeader', () => [200], (res, own) => res.setHeader('Set-Cookie', own)],
    ['writeHead with an object', (own) => [200, { 'set-cookie': own }], () => undefined],
    ['writeHead with a flat list', (own) => [200, ['Set-Cookie', own]], () => undefined],
  ])('does not put the cookie in a list that the application keeps: %s', async (_how, args, prepare) => {
    const own = [OWN];
    const prepared = (res: ServerResponse): unknown => prepare(res, own);
    expect((await send(args(own), prepared)).headers['set-cookie']).toEqual([OWN, ...COOKIES]);
    expect(own).toEqual([OWN]);
  });

  it('does not change a Vary list that the application keeps', async () => {
    const vary = ['Accept', 'Origin'];
    expect((await send([200, { vary }])).headers.vary).toBe('Accept, Origin, Cookie');
    expect(vary).toEqual(['Accept', 'Origin']);
  });

  it('takes undefined in place of headers', async () => {
    expect((await send([200, undefined])).headers['set-cookie']).toEqual(COOKIES);
    expect((await send([200, 'Fine', undefined])).message).toBe('Fine');
  });
});
