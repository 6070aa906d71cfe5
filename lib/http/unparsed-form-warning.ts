import type { SessionLog } from '../lifecycle/session-runtime.js';
import { type RawRequest, hasBody } from './raw-http.js';

const CHECK_PARSERS =
  "Check that the platform's parsers are not switched off ('bodyParser: false') and know this type, and that they run before " +
  'the code that flashes the form: middleware and guards may run too early.';

/** The types of a page's forms, and what to do where one is not parsed. */
const REMEDIES = new Map([
  [
    'multipart/form-data',
    'On Express, put an interceptor of Multer on the handler: NoFilesInterceptor() for a form without files. On Fastify, ' +
      "register @fastify/multipart with attachFieldsToBody: 'keyValues'. Guards and middleware run too early for Multer.",
  ],
  ['application/x-www-form-urlencoded', CHECK_PARSERS],
  ['application/json', CHECK_PARSERS],
]);

/**
 * Warns if a form was to be flashed and nothing has parsed the body of the request: its page would show empty
 * fields, for no reason to be seen. Said once for each type that an application expects, and once for all others,
 * which any client may send.
 */
export class UnparsedFormWarning {
  readonly #said = new Set<string>();

  constructor(private readonly log: SessionLog) {}

  check(req: RawRequest): void {
    const type = (req.headers['content-type'] ?? '').replace(/;.*$/s, '').trim().toLowerCase();
    // No form is sent by GET with a body or without a type, and what only looks like a body may be empty.
    if (type === '' || req.method === 'GET' || !hasBody(req)) return;
    const shown = REMEDIES.has(type) ? type : 'of another type than forms have';
    if (this.#said.has(shown)) return;
    this.#said.add(shown);
    this.log.warn(
      `A form was to be flashed, but nothing has parsed the body of the request (${shown}): no field of it is kept. ` +
        `${REMEDIES.get(type) ?? CHECK_PARSERS} Said once.`,
    );
  }
}
