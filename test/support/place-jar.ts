interface Kept {
  readonly name: string;
  readonly path: string;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly value: string;
}

/** A browser's cookie jar for several hosts and paths (RFC 6265bis, 5.1 and 5.7), without lifetimes. */
export class PlaceJar {
  readonly #kept: Kept[] = [];

  /** Stores the cookies of a host's response. */
  take(host: string, setCookies: readonly string[]): void {
    for (const header of setCookies) {
      const [pair = '', ...rest] = header.split('; ');
      const attributes = new Map(
        rest.map((each) => {
          const [key = '', value = ''] = each.split('=');
          return [key.toLowerCase(), value];
        }),
      );
      const name = pair.slice(0, pair.indexOf('='));
      const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase();
      if (domain !== undefined && !isBelow(host, domain)) continue;
      const cookie: Kept = {
        name,
        path: attributes.get('path') ?? '/',
        domain: domain ?? host,
        hostOnly: domain === undefined,
        value: pair.slice(name.length + 1),
      };
      const same = this.#kept.findIndex(
        (kept) =>
          kept.name === cookie.name &&
          kept.path === cookie.path &&
          kept.domain === cookie.domain &&
          kept.hostOnly === cookie.hostOnly,
      );
      const isOver = attributes.get('max-age') === '0';
      if (same !== -1) this.#kept.splice(same, 1, ...(isOver ? [] : [cookie]));
      else if (!isOver) this.#kept.push(cookie);
    }
  }

  /** The Cookie header of a request, cookies with longer paths first. */
  header(host: string, path: string): string {
    return this.#kept
      .filter((cookie) => (cookie.hostOnly ? host === cookie.domain : isBelow(host, cookie.domain)))
      .filter((cookie) => isUnder(path, cookie.path))
      .toSorted((one, other) => other.path.length - one.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  /** The places of its cookies as `name domain path`, with a leading dot if subdomains get the cookie too. */
  get places(): string[] {
    return this.#kept
      .map(({ name, domain, hostOnly, path }) => `${name} ${hostOnly ? '' : '.'}${domain} ${path}`)
      .toSorted();
  }
}

const isBelow = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

const isUnder = (path: string, cookiePath: string): boolean =>
  path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
