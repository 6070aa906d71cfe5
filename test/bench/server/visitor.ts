/** Sends a visitor's requests and keeps the cookies. */
export class Visitor {
  readonly #cookies = new Map<string, string>();
  readonly #url: string;

  /** @param url where the server listens */
  constructor(url: string) {
    this.#url = url;
  }

  /** The `Cookie` header, '' if there are no cookies. */
  get cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Requests a route and stores the response's cookies. @throws Error if the status is not 200 */
  async get(path: string): Promise<{ body: unknown; setCookies: string[] }> {
    const response = await fetch(`${this.#url}/${path}`, {
      headers: this.#cookies.size === 0 ? {} : { cookie: this.cookieHeader },
    });
    const text = await response.text();
    if (response.status !== 200)
      throw new Error(`GET /${path} was answered with ${response.status}: ${text}`);
    const setCookies = response.headers.getSetCookie();
    for (const line of setCookies) this.#take(line);
    return { body: JSON.parse(text), setCookies };
  }

  #take(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1)];
    const isGone = attributes.some((attribute) => /^\s*max-age=(0|-.*)$/i.test(attribute));
    if (isGone || value === '') this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

/** Creates new visitors with a session each, and returns their `Cookie` headers. */
export async function seedSessions(url: string, count: number): Promise<string[]> {
  const headers: string[] = [];
  for (let index = 0; index < count; index++) {
    const visitor = new Visitor(url);
    // One after the other, so that no queue is left for the next measurement.
    await visitor.get('seed');
    headers.push(visitor.cookieHeader);
  }
  return headers;
}
