import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { setUpCookies } from '../../lib/http/cookie/cookie-setup.js';
import { type SessionCookieOptions, cookieOptions } from '../../lib/options/cookie.options.js';
import { SECRET } from '../support/test-app.js';

/** How many other tenants are requested between two requests of one tenant. */
const OTHERS = 2000;

function setUp(cookie: SessionCookieOptions) {
  const options = cookieOptions(cookie, 'cookie');
  return setUpCookies(options, { secrets: [SECRET], maxCookies: 3, header: undefined });
}

function requestTo(host: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.headers.host = host;
  return request;
}

describe('The cookies of tenants', () => {
  const { tenants } = setUp({ domain: ({ headers }) => headers.host });
  const at = (host: string) => tenants?.of(requestTo(host));

  it('are set up once for a tenant with regular requests, however many other hosts are requested meanwhile', () => {
    const first = at('a.test');
    for (let index = 0; index < OTHERS; index += 1) {
      at(`${index}.other.test`);
      expect(at('a.test')).toBe(first);
    }
  });

  it('are dropped for a tenant without requests', () => {
    const first = at('b.test');
    for (let index = 0; index < OTHERS; index += 1) at(`${index}.other.test`);
    expect(at('b.test')).not.toBe(first);
    expect(at('b.test')?.cookie.place).toEqual(first?.cookie.place);
  });

  it('are not needed if the options are the same for all', () => {
    expect(setUp({ domain: 'a.test' }).tenants).toBeNull();
  });

  it('are checked at boot as far as they do not depend on a request', () => {
    const domain = (): string => 'a.test';
    expect(() => setUp({ domain, sameSite: 'none', secure: false })).toThrow(/needs secure: true/);
    expect(() => setUp({ domain, name: '__Secure-x', secure: false })).toThrow(/needs secure: true/);
    expect(() => setUp({ domain, path: '/;' })).toThrow(/cannot be written/);
  });
});
