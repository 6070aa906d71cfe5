import { RequestMethod } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { compileRoutes } from '../../lib/http/routing/named-routes.js';
import type { NamedRoute } from '../../lib/options/named-route.js';
import type { RouteMatching } from '../../lib/http/routing/route-matching.js';
import { SessionConfigError } from '../../lib/session.errors.js';

const EXPRESS: RouteMatching = {
  caseSensitive: false,
  ignoreTrailingSlash: true,
  decodes: false,
  endsAtSemicolon: false,
  mergesSlashes: false,
  wildcardMayBeEmpty: false,
};
const FASTIFY: RouteMatching = {
  caseSensitive: true,
  ignoreTrailingSlash: false,
  decodes: true,
  endsAtSemicolon: false,
  mergesSlashes: false,
  wildcardMayBeEmpty: true,
};

const setup = (prefix = '', matching = EXPRESS) => ({ globalPrefix: () => prefix, matching: () => matching });

function excludes(
  routes: readonly NamedRoute[],
  url: string,
  method = 'GET',
  prefix = '',
  matching = EXPRESS,
): boolean {
  const test = compileRoutes(routes, setup(prefix, matching), 'exclude');
  if (test === null) throw new Error('nothing is excluded');
  return test(method, url);
}

describe('The routes of the option exclude', () => {
  it('cost nothing if there are none', () => {
    expect(compileRoutes([], setup('api'), 'exclude')).toBeNull();
  });

  it.each<[NamedRoute, string, boolean]>([
    ['/health', '/health', true],
    ['/health', '/health/', true],
    ['/health', '/health?verbose=1', true],
    ['/health', '/HEALTH', true],
    ['/health', '/healthy', false],
    ['/health', '/health/db', false],
    ['/health', '/a/health', false],
    ['health', '/health', true],
    ['/health/', '/health', true],
    ['/health/', '/health/', true],
    ['/', '/', true],
    ['/', '/health', false],
    ['/assets/{*path}', '/assets/', true],
    ['/assets/{*path}', '/assets/a/b.css', true],
    ['/assets/{*path}', '/assetsa', false],
    ['{*path}', '/', true],
    ['*path', '/anything', true],
    ['/users/:id', '/users/1', true],
    ['/users/:id', '/users/1/edit', false],
    [/^\/internal\//, '/internal/a', true],
    [/^\/internal\//, '/a/internal/', false],
    [/secret/, '/a?secret', false],
  ])('%s over %s: %s', (route, url, expected) => {
    expect(excludes([route], url)).toBe(expected);
  });

  it.each([
    [/^\/health$/, '/HEALTH'],
    [/^\/Health$/, '/health'],
    [/^\/internal\//g, '/Internal/a'],
    [/^\/hooks\/(?<name>\w+)$/iu, '/HOOKS/stripe'],
    [{ path: /^\/health$/, method: 'GET' }, '/Health'],
    [/^\/health$/, '/API/Health'],
  ])('follow the case sensitivity of the router in regular expressions too: %s over %s', (route, url) => {
    expect(excludes([route], url, 'GET', 'api', EXPRESS)).toBe(true);
    expect(excludes([route], url, 'GET', 'api', { ...FASTIFY, caseSensitive: false })).toBe(true);
    const ignoresCase = route instanceof RegExp && route.ignoreCase;
    expect(excludes([route], url, 'GET', 'api', FASTIFY)).toBe(ignoresCase);
  });

  it('give the same answer each time, even for a stateful regular expression', () => {
    const test = compileRoutes([/^\/health/g], setup(), 'exclude');
    expect([1, 2, 3].map(() => test?.('GET', '/health'))).toEqual([true, true, true]);
  });

  it.each([
    [RequestMethod.GET, 'GET', true],
    [RequestMethod.GET, 'POST', false],
    [RequestMethod.GET, 'HEAD', true],
    [RequestMethod.POST, 'HEAD', false],
    [RequestMethod.HEAD, 'GET', false],
    [RequestMethod.ALL, 'POST', true],
    ['get', 'GET', true],
    ['POST', 'GET', false],
    ['all', 'DELETE', true],
  ])('may name a method: %s over %s: %s', (method, requested, expected) => {
    expect(excludes([{ path: '/health', method }], '/health', requested)).toBe(expected);
    expect(excludes([{ path: /health/, method }], '/health', requested)).toBe(expected);
  });

  it('match every method if none is named', () => {
    expect(excludes([{ path: '/health' }], '/health', 'PATCH')).toBe(true);
  });

  it.each(['api', '/api', '/api/', 'api/'])('match with and without the global prefix %j', (prefix) => {
    expect(excludes(['/health'], '/api/health', 'GET', prefix)).toBe(true);
    expect(excludes(['/health'], '/health', 'GET', prefix)).toBe(true);
    expect(excludes(['/api/health'], '/api/health', 'GET', prefix)).toBe(true);
    expect(excludes(['/health'], '/apihealth', 'GET', prefix)).toBe(false);
    expect(excludes(['/health'], '/other/health', 'GET', prefix)).toBe(false);
  });

  const ROOTS: readonly NamedRoute[] = ['/', '', /^\/$/, /^\/?$/g, { path: /^\/$/, method: 'GET' }];
  const PREFIXES = [
    ['', '/'],
    ['api', '/api'],
    ['/api/', '/api'],
    ['tenants/:tenant', '/tenants/acme'],
  ] as const;
  const MATCHINGS = [EXPRESS, FASTIFY, { ...FASTIFY, ignoreTrailingSlash: true }];

  it.each(ROOTS)('match the root of an application and of its global prefix: %s', (route) => {
    for (const matching of MATCHINGS) {
      for (const [prefix, root] of PREFIXES) {
        const isExcluded = (url: string) => excludes([route], url, 'GET', prefix, matching);
        expect([root, `${root}?page=2`, `${root}/cart`, `/other${root}`].map(isExcluded), root).toEqual([
          true,
          true,
          false,
          false,
        ]);
        if (matching.ignoreTrailingSlash && root !== '/') expect(isExcluded(`${root}/`), root).toBe(true);
      }
    }
  });

  it.each<[NamedRoute, string, boolean]>([
    ['/health', '/tenants/acme/health', true],
    ['/health', '/tenants/acme/health/', true],
    ['/health', '/Tenants/ACME/Health', true],
    ['/health', '/tenants/acme/healthy', false],
    ['/health', '/tenants/health', false],
    ['/health', '/tenants/a/b/health', false],
    ['/users/:id', '/tenants/acme/users/1', true],
    ['/', '/tenants/acme', true],
    [/^\/internal\//, '/tenants/acme/internal/a', true],
    [/^\/internal\//, '/tenants/acme/b/internal/a', false],
    [/^\/tenants\/acme\/x$/, '/tenants/acme/x', true],
  ])('match below a global prefix with parameters: %s over %s: %s', (route, url, expected) => {
    for (const prefix of ['tenants/:tenant', '/tenants/:tenant', 'tenants/:tenant/'])
      expect(excludes([route], url, 'GET', prefix), prefix).toBe(expected);
  });

  it('match below a prefix with an optional part, in all its forms', () => {
    for (const url of ['/api/health', '/en/api/health', '/health'])
      expect(excludes(['/health'], url, 'GET', '{:language/}api'), url).toBe(true);
    expect(excludes(['/health'], '/a/b/api/health', 'GET', '{:language/}api')).toBe(false);
  });

  it('follow a prefix that main.ts sets or changes after the module is created', () => {
    let prefix = '';
    const test = compileRoutes(['/health'], { ...setup(), globalPrefix: () => prefix }, 'exclude');
    expect(test?.('GET', '/api/health')).toBe(false);
    prefix = 'api';
    expect(test?.('GET', '/api/health')).toBe(true);
    prefix = 'v2/:tenant';
    expect([test?.('GET', '/api/health'), test?.('GET', '/v2/a/health')]).toEqual([false, true]);
  });

  it.each<[url: string, onExpress: boolean, onFastify: boolean]>([
    ['/health', true, true],
    ['/HEALTH', true, false],
    ['/health/', true, false],
    ['/he%61lth', false, true],
    ['/health%2F', false, false],
    ['/%E0%A4%A', false, false],
    ['/he%2561lth', false, false],
    ['//health', false, false],
  ])('are compared as the router does: %s', (url, onExpress, onFastify) => {
    expect(excludes(['/health'], url, 'GET', '', EXPRESS)).toBe(onExpress);
    expect(excludes(['/health'], url, 'GET', '', FASTIFY)).toBe(onFastify);
    const strict = { ...EXPRESS, caseSensitive: true, ignoreTrailingSlash: false };
    expect(excludes(['/health'], url, 'GET', '', strict)).toBe(url === '/health');
    const lenient = { ...FASTIFY, caseSensitive: false, ignoreTrailingSlash: true };
    expect(excludes(['/health'], url, 'GET', '', lenient)).toBe(onExpress || onFastify);
  });

  it.each([
    'tenants/:tenant(^\\d+$)',
    '/:kind/:tenant(^(?:[a-z]{2}|\\d+)$)/',
    'tenants/:tenant(^\\d+|\\(x\\)$)',
    'a/::b',
  ])('match below the prefix %s, which only Fastify accepts', (prefix) => {
    const isRead = !prefix.includes('::');
    expect(excludes(['/health'], '/tenants/12/health', 'GET', prefix, FASTIFY)).toBe(isRead);
    expect(excludes(['/health'], '/tenants/12/page', 'GET', prefix, FASTIFY)).toBe(false);
    expect(excludes(['/tenants/:tenant/health'], '/tenants/12/health', 'GET', prefix, FASTIFY)).toBe(true);
    expect(excludes(['/health'], '/health', 'GET', prefix, FASTIFY)).toBe(true);
  });

  it('end where the router ends a path', () => {
    const matching = { ...FASTIFY, endsAtSemicolon: true };
    expect(excludes(['/health'], '/health;verbose=1', 'GET', '', matching)).toBe(true);
    expect(excludes(['/files/:name'], '/page;/files/a', 'GET', '', matching)).toBe(false);
    expect(excludes(['/health'], '/health;verbose=1', 'GET', '', FASTIFY)).toBe(false);
  });

  it.each([
    ['http://shop.test/health?verbose=1', true],
    ['HTTPS://shop.test:8443/health', true],
    ['/health#verbose', true],
    ['http://shop.test/other/health', false],
    ['ftp://shop.test/health', false],
  ])('match in absolute URLs, as routers do: %s', (url, expected) => {
    for (const matching of [EXPRESS, FASTIFY])
      expect(excludes(['/health'], url, 'GET', '', matching)).toBe(expected);
  });

  it('match in paths with repeated slashes if the router merges them', () => {
    const matching = { ...FASTIFY, mergesSlashes: true };
    for (const url of ['//health', '/tenants//acme///health', 'http://shop.test//health'])
      expect(excludes(['/health'], url, 'GET', 'tenants/:tenant', matching), url).toBe(true);
    for (const url of ['//health//', '/a//health', '/health?next=//health/'])
      expect(excludes(['/health'], url, 'GET', '', matching), url).toBe(url.includes('?'));
  });

  it('need only one match', () => {
    expect(excludes(['/a', { path: '/b', method: 'POST' }, /c$/], '/x/c')).toBe(true);
    expect(excludes(['/a', { path: '/b', method: 'POST' }, /c$/], '/b')).toBe(false);
  });

  it.each([
    ['/a(', /"\/a\(" is no path/],
    ['/*', /"\/\*" is no path/],
    [null, /an entry that is null/],
    [undefined, /an entry that is undefined/],
    [7, /an entry that is 7/],
    [{}, /an entry that is an object\. It takes paths/],
    [{ path: 7 }, /an entry that is/],
    [{ method: 'GET' }, /an entry that is an object\. It takes paths/],
    [{ path: '/a', method: 99 }, /got the method 99/],
    [{ path: '/a', method: '' }, /got the method/],
    [{ path: '/a', method: 'GETT' }, /got the method "GETT"\. It takes a RequestMethod or a name/],
    [{ path: '/a', method: null }, /got the method null/],
  ])('are refused at boot if invalid: %j', (route, message) => {
    const compile = (): unknown => compileRoutes([route as NamedRoute], setup(), 'exclude');
    expect(compile).toThrow(SessionConfigError);
    expect(compile).toThrow(message);
    expect(compile).toThrow(/^The option 'exclude'/);
  });
});
