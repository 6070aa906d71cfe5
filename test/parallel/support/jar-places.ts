import type { SessionCookieOptions, TenantRequest } from 'nestjs-session-kit';
import type { Deployment } from './jar-history.js';

/** Where a cookie lies in a browser. */
export interface Place {
  readonly name: string;
  readonly path: string;
  /** Null: the host alone. */
  readonly domain: string | null;
}

const DOMAIN = 'shop.test';
const HOSTS = ['www.shop.test', 'api.shop.test'];

const tenantNameOf = (host: string): string => `sid-${host.split('.')[0] ?? ''}`;

const nameOf = (deployment: Deployment, isSecure: boolean, host: string): string => {
  if (deployment.name === 'sid') return 'sid';
  if (deployment.name === 'tenant') return tenantNameOf(host);
  return isSecure && deployment.path === '/' && !deployment.hasDomain ? '__Host-session' : 'session';
};

/** Where the cookie of a deployment lies for visitors of a host. */
export const placeOn = (deployment: Deployment, isSecure: boolean, host: string): Place => ({
  name: nameOf(deployment, isSecure, host),
  path: deployment.path,
  domain: deployment.hasDomain ? DOMAIN : null,
});

/** All places of a deployment, whatever the host. */
export const placesOf = (deployment: Deployment, isSecure: boolean): Place[] =>
  HOSTS.map((host) => placeOn(deployment, isSecure, host));

export const isSame = (one: Place, other: Place): boolean =>
  one.name === other.name && one.path === other.path && one.domain === other.domain;

const isWithout = (places: readonly Place[], wanted: Place): boolean =>
  !places.some((place) => isSame(place, wanted));

/**
 * The places that `formerly` names: those where the cookie was before and is not now. Where there was no domain, an entry
 * also stands for the current one.
 */
export function formerPlaces(before: readonly Place[], deployment: Deployment, isSecure: boolean): Place[] {
  const isAmongTenants = deployment.name === 'tenant';
  const now = isAmongTenants ? [] : placesOf(deployment, isSecure);
  const entries: Place[] = [];
  for (const place of before) if (isWithout([...now, ...entries], place)) entries.push(place);
  return entries;
}

/** The option `cookie`. */
export function cookieOptions(
  deployment: Deployment,
  isSecure: boolean,
  formerly: readonly Place[],
): SessionCookieOptions {
  const { name, path, hasDomain } = deployment;
  const tenant = ({ hostname }: TenantRequest): string => tenantNameOf(hostname);
  return {
    secure: isSecure,
    path,
    ...(hasDomain ? { domain: DOMAIN } : {}),
    ...(name === 'default' ? {} : { name: name === 'sid' ? 'sid' : tenant }),
    ...(formerly.length === 0
      ? {}
      : {
          formerly: formerly.map((place) => ({
            name: place.name,
            path: place.path,
            ...(place.domain === null ? {} : { domain: place.domain }),
          })),
        }),
  };
}

/** The earlier places that a host's requests look at, in order. */
export function lookedAt(formerly: readonly Place[], now: Place): Place[] {
  const all = formerly.flatMap((place) => {
    const domains = place.domain === null ? [...new Set([now.domain, null])] : [place.domain];
    return domains.map((domain) => ({ ...place, domain }));
  });
  return all
    .filter((place) => !(place.name.startsWith('__Host-') && place.domain !== null))
    .filter((place) => !isSame(place, now));
}
