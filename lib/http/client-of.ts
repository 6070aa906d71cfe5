import type { Client } from '../lifecycle/caller.js';
import { ownStart, ownText } from '../state/own-text.js';
import type { PlatformRequest, RawRequest } from './raw-http.js';

/** Longer user agents are cut: a column of any size can be filled by a visitor. */
const MAX_USER_AGENT = 1024;

/** The longest textual address there is: IPv6 with an embedded IPv4 address. */
const MAX_IP = 45;

/** Who is at the other end of a request, as the framework sees it: it knows the proxies that are trusted. */
export function clientOf(req: RawRequest, platform: PlatformRequest | null): Client {
  const remote = req.socket.remoteAddress;
  const ip = platform?.ip ?? req.ip ?? remote;
  const agent = req.headers['user-agent'];
  return {
    // Behind a proxy it is cut out of a header.
    ipAddress: typeof ip === 'string' ? (ip === remote ? ip : ownText(ip.slice(0, MAX_IP))) : null,
    userAgent: agent === undefined ? null : ownStart(agent, MAX_USER_AGENT),
  };
}
