import type { Client } from '../lifecycle/caller.js';
import { ownStart, ownText } from '../state/own-text.js';
import type { PlatformRequest, RawRequest } from './raw-http.js';

/** Longer user agents are cut; a visitor could fill a column of any size. */
const MAX_USER_AGENT = 1024;

/** The longest textual address: IPv6 with an embedded IPv4 address. */
const MAX_IP = 45;

/** The client of a request, as seen by the framework, which knows the trusted proxies. */
export function clientOf(req: RawRequest, platform: PlatformRequest | null): Client {
  const remote = req.socket.remoteAddress;
  const ip = platform?.ip ?? req.ip ?? remote;
  const agent = req.headers['user-agent'];
  return {
    // Behind a proxy, the address is a substring of a header.
    ipAddress: typeof ip === 'string' ? (ip === remote ? ip : ownText(ip.slice(0, MAX_IP))) : null,
    userAgent: agent === undefined ? null : ownStart(agent, MAX_USER_AGENT),
  };
}
