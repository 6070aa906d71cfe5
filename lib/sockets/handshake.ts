import type { IncomingHttpHeaders } from 'node:http';
import { propertyOf } from '../http/property-of.js';
import type { TenantRequest } from '../options/cookie.options.js';

/** The HTTP request that a socket began with, as far as a session has to know it. */
export interface Handshake {
  readonly headers: IncomingHttpHeaders;
  /** The path that `exclude` compares: of the request, or the namespace of socket.io; undefined where neither is known. */
  readonly path: string | undefined;
  /** The request itself, or what the adapter keeps in its place: for drivers that are made for each request. */
  readonly request: unknown;
}

/**
 * Finds the handshake in what an adapter hands to Nest for a new client.
 *
 * socket.io keeps the request with the socket (`socket.request`). ws hands it along beside the client, and nowhere else.
 * Adapters of an application's own may keep it as older ones did (`upgradeReq`), or keep the headers only (`handshake`).
 *
 * @param client what Nest takes for the client
 * @param rest what the adapter hands along with it
 * @returns null where there is none: such a client has no session
 */
export function handshakeOf(client: unknown, rest: readonly unknown[]): Handshake | null {
  const candidates = [
    propertyOf(client, 'request'),
    ...rest,
    propertyOf(client, 'upgradeReq'),
    propertyOf(client, 'handshake'),
  ];
  for (const request of candidates) {
    const headers = propertyOf(request, 'headers');
    if (!isHeaders(headers)) continue;
    const namespace = propertyOf(propertyOf(client, 'nsp'), 'name');
    const path = namespace ?? propertyOf(request, 'url');
    return { headers, path: typeof path === 'string' ? path : undefined, request };
  }
  return null;
}

/**
 * What the functions of tenants are given for a handshake, of which no platform knows. What a proxy says of it is not asked.
 */
export function tenantRequest({ headers, request }: Handshake): TenantRequest {
  const socket = propertyOf(request, 'socket');
  const ip = propertyOf(socket, 'remoteAddress');
  return {
    headers,
    hostname: (headers.host ?? '').replace(/:\d*$/, ''),
    protocol: propertyOf(socket, 'encrypted') === true ? 'https' : 'http',
    ip: typeof ip === 'string' ? ip : undefined,
  };
}

function isHeaders(value: unknown): value is IncomingHttpHeaders {
  return typeof value === 'object' && value !== null;
}
