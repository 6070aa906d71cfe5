import { deepStrictEqual } from 'node:assert/strict';
import { Visitor } from '../server/visitor.js';
import { firstViews, sessionContent } from '../variants/session-content.js';
import { routes, type Variant } from '../variants/variant.js';

/**
 * Verifies that a variant does what is measured: it sets no cookie on a request that does not use its session, reads
 * the stored value, and keeps what is written.
 *
 * @throws Error that says what it does instead
 */
export async function verify(variant: Variant, url: string): Promise<void> {
  try {
    await (variant.hasNoSession === true ? verifyPlain(url) : verifySession(url));
  } catch (error) {
    throw new Error(`"${variant.name}" does not work: ${String(error)}`, { cause: error });
  }
}

async function verifyPlain(url: string): Promise<void> {
  const visitor = new Visitor(url);
  for (const route of routes) {
    // The order is what is tested
    const { setCookies } = await visitor.get(route);
    deepStrictEqual(setCookies, [], `/${route} sets a cookie`);
  }
}

async function verifySession(url: string): Promise<void> {
  const visitor = new Visitor(url);
  const plain = await visitor.get('none');
  deepStrictEqual(
    plain,
    { body: { views: firstViews }, setCookies: [] },
    'a request without cookie is not plain',
  );

  const { setCookies } = await visitor.get('seed');
  if (setCookies.length === 0) throw new Error('the first write sets no cookie');
  deepStrictEqual((await visitor.get('read')).body, { views: firstViews }, 'the value is not read');
  const { body } = await visitor.get('all');
  const content = sessionContent();
  deepStrictEqual(pick(body, Object.keys(content)), content, 'the session is not what was stored');

  const written = (await visitor.get('write')).body;
  if (JSON.stringify(written) === JSON.stringify({ views: firstViews }))
    throw new Error('nothing new was written');
  deepStrictEqual((await visitor.get('read')).body, written, 'what was written is not there afterwards');
}

function pick(value: unknown, keys: string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('the session is no object');
  const entries = new Map<string, unknown>(Object.entries(value));
  return Object.fromEntries(keys.map((key) => [key, entries.get(key)]));
}
