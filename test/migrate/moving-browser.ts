import { PlaceJar } from '../support/place-jar.js';
import type { Handler, HandlerApp } from '../support/handler-app.js';

let browsers = 0;

const HOST = 'shop.test';

/** A browser whose site moves from one application to another. */
export class MovingBrowser {
  readonly jar = new PlaceJar();
  readonly #agent = `browser ${(browsers += 1)}`;

  /** Requests something from the old application. */
  async ask(url: string, method: string, path: string): Promise<Record<string, unknown>> {
    const response = await fetch(url + path, { method, headers: this.headers });
    this.jar.take(HOST, response.headers.getSetCookie());
    return response.json() as Promise<Record<string, unknown>>;
  }

  /** Runs a function in a handler of the new application. */
  async in<T>(app: HandlerApp, handler: Handler<T>): Promise<T> {
    const { value, cookies } = await app.visitor().handle(handler, { headers: this.headers });
    this.jar.take(HOST, cookies);
    return value;
  }

  get cookie(): string {
    return this.jar.header(HOST, '/');
  }

  get headers(): Record<string, string> {
    const { cookie } = this;
    return { 'user-agent': this.#agent, ...(cookie === '' ? {} : { cookie }) };
  }

  /** The names of its cookies. */
  get names(): string[] {
    return this.jar.places.map((place) => place.split(' ')[0] ?? '');
  }
}
