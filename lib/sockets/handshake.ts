import type { IncomingHttpHeaders } from 'node:http';
import { propertyOf } from '../state/property-of.js';
import type { TenantRequest } from '../options/cookie.options.js';

/** The parts of a socket's HTTP request that a session needs. */
export interface Handshake {
  readonly headers: IncomingHttpHeaders;
  /**
   * The path that `exclude` compares: the namespace of socket.io, or the request's URL; undefined if neither
   * is known.
   */
  readonly path: string | undefined;
  /** The request itself, or what the adapter keeps instead: for drivers that are created per request. */
  readonly request: unknown;
}

/**
 * Finds the handshake in what an adapter passes to Nest for a new client.
 *
 * socket.io keeps the request with the socket (`socket.request`). ws only passes it along with the client.
 * Custom adapters may keep it as older ones did (`upgradeReq`), or keep only the headers (`handshake`).
 *
 * @param client the object that Nest treats as the client
 * @param rest what the adapter passes along with it
 * @returns null if there is none: such a client has no session
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
 * The request for the tenant functions of the option `cookie`, made from a handshake, which no platform
 * handles. Proxy headers are ignored.
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
