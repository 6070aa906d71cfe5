/** A cookie as a browser keeps it. */
export interface KeptCookie {
  readonly name: string;
  readonly path: string;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly value: string;
  /** When it expires, epoch ms; null: with the browser. */
  readonly until: number | null;
}

/** The longest lifetime that browsers grant (RFC 6265bis, 5.5): 400 days, in seconds. */
const LONGEST_AGE = 400 * 24 * 3600;

/** The longest cookie that browsers accept, with name and attributes, in bytes. */
const MAX_COOKIE_BYTES = 4096;

/** A browser's cookie jar for several hosts and paths (RFC 6265bis, 5.1 and 5.7). */
export class PlaceJar {
  #kept: KeptCookie[] = [];
  readonly #now: () => number;

  /** @param now epoch ms; by default no time passes */
  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  /** Stores the cookies of a host's response. */
  take(host: string, setCookies: readonly string[]): void {
    for (const header of setCookies) {
      const bytes = Buffer.byteLength(header);
      if (bytes > MAX_COOKIE_BYTES) throw new Error(`${bytes} bytes: a browser drops it`);
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
      const maxAge = attributes.get('max-age');
      const lifetime = maxAge === undefined ? null : Math.min(Number(maxAge), LONGEST_AGE) * 1000;
      const cookie: KeptCookie = {
        name,
        path: attributes.get('path') ?? '/',
        domain: domain ?? host,
        hostOnly: domain === undefined,
        value: pair.slice(name.length + 1),
        until: lifetime === null ? null : this.#now() + lifetime,
      };
      const same = this.#kept.findIndex(
        (kept) =>
          kept.name === cookie.name &&
          kept.path === cookie.path &&
          kept.domain === cookie.domain &&
          kept.hostOnly === cookie.hostOnly,
      );
      const isOver = lifetime !== null && lifetime <= 0;
      if (same !== -1) this.#kept.splice(same, 1, ...(isOver ? [] : [cookie]));
      else if (!isOver) this.#kept.push(cookie);
    }
  }

  /** The browser is closed: cookies without a lifetime end. */
  close(): void {
    this.#kept = this.#kept.filter(({ until }) => until !== null);
  }

  /** The cookies of a request, those with longer paths first. */
  visible(host: string, path: string): KeptCookie[] {
    this.#kept = this.#kept.filter(({ until }) => until === null || until > this.#now());
    return this.#kept
      .filter((cookie) => (cookie.hostOnly ? host === cookie.domain : isBelow(host, cookie.domain)))
      .filter((cookie) => isUnder(path, cookie.path))
      .toSorted((one, other) => other.path.length - one.path.length);
  }

  /** The Cookie header of a request. */
  header(host: string, path: string): string {
    return this.visible(host, path)
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
