/** A browser's cookie jar for one host and one path (RFC 6265bis). */
export class BrowserJar {
  readonly #cookies = new Map<string, string>();

  /** Takes the Set-Cookie headers of a response. Refuses those longer than 4096 bytes, as browsers silently do. */
  take(setCookies: readonly string[]): void {
    for (const header of setCookies) {
      if (Buffer.byteLength(header) > 4096)
        throw new Error(`${Buffer.byteLength(header)} bytes: a browser drops it`);
      const [pair = '', ...attributes] = header.split('; ');
      const equals = pair.indexOf('=');
      const name = pair.slice(0, equals);
      if (attributes.includes('Max-Age=0')) this.#cookies.delete(name);
      else this.#cookies.set(name, pair.slice(equals + 1));
    }
  }

  /** The Cookie header of the next request; undefined if there is none. */
  get header(): string | undefined {
    if (this.#cookies.size === 0) return undefined;
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get names(): string[] {
    return [...this.#cookies.keys()];
  }
}
