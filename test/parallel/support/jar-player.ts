import { type IncomingHttpHeaders, type IncomingMessage, Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { vi } from 'vitest';
import { HEADER } from '../../support/header-client.js';
import { type KeptCookie, PlaceJar } from '../../support/place-jar.js';
import type { Platform } from '../../support/test-app.js';
import type { History, Step, VisitStep } from './jar-history.js';
import type { Found, Said, Token } from './jar-model.js';
import { isSame } from './jar-places.js';
import { JarSite, type Wanted, placeOfCookie } from './jar-site.js';

/** Where a cookie's token belongs: as a whole, or as one of its pieces. */
interface Piece {
  readonly token: Token;
  readonly number: number;
  readonly count: number;
}

interface Visitor {
  readonly jar: PlaceJar;
  /** What its client sends in the header. */
  header: string | null;
  /** Counts responses that arrived. */
  arrivals: number;
}

/** What a request sends to tell who it is. */
interface Sent {
  readonly site: JarSite;
  readonly host: string;
  readonly path: string;
  readonly byHeader: boolean;
  readonly cookies: readonly KeptCookie[];
  readonly header: string | null;
}

interface Response {
  readonly sent: Sent;
  readonly visitor: Visitor;
  readonly setCookies: readonly string[];
  readonly header: string | null;
  readonly said: Said;
  readonly token: Token | null;
  readonly isOutside: boolean;
  /** The handle of the session that the visitor ended; null for none. */
  readonly ended: number | null;
  readonly deployment: number;
  /** How many responses had arrived when the request was sent. */
  readonly arrivals: number;
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly seen: unknown;
}

/** More than Node accepts in the headers of a request, with some room for others. */
const TOO_LONG = 15_000;

const agent = new Agent({ keepAlive: true });

function mustBe(found: unknown, wanted: unknown, otherwise: string): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${otherwise}: ${one} instead of ${other}`);
}

/** What a response says, by the texts of its tokens: the first one counts. */
function kindOf([first]: readonly (string | null)[]): Said['kind'] {
  if (first === undefined || first === null) return 'nothing';
  return first === '' || first.includes('; Max-Age=0; ') ? 'expire' : 'set';
}

/** Where cookies lie, as text. */
const shown = (cookies: readonly KeptCookie[]): string =>
  cookies
    .map(({ name, path, domain, hostOnly }) => `${name} ${hostOnly ? '' : '.'}${domain} ${path}`)
    .join(', ');

/** Plays a history on real applications with the jars of real browsers, and on a model. */
export class JarPlayer implements AsyncDisposable {
  readonly #main: JarSite;
  readonly #other: JarSite;
  readonly #history: History;
  readonly #visitors: readonly Visitor[];
  /** By name and text of a cookie, or the text of a header. */
  readonly #pieces = new Map<string, Piece>();
  readonly #late: Response[] = [];
  readonly #copies: Sent[] = [];
  /** The texts of ids and handles, by their numbers. */
  readonly #ids = new Map<number, string>();
  readonly #handles = new Map<number, string>();
  /** Handles of sessions that must never be opened again, unless plain `stealth` was deployed since. */
  readonly #ended = new Set<number>();
  #serial = 0;
  readonly log: string[] = [];

  constructor(platform: Platform, history: History) {
    this.#history = history;
    this.#main = new JarSite(platform, history, history.first);
    const other = {
      ...history.first,
      driver: history.other,
      name: 'default',
      hasDomain: false,
      header: false,
    } as const;
    this.#other = new JarSite(platform, history, other, '/other');
    this.#visitors = [0, 1].map(() => ({ jar: new PlaceJar(() => Date.now()), header: null, arrivals: 0 }));
  }

  async play(): Promise<void> {
    for (const step of this.#history.steps) await this.#step(step);
    // Whatever is still under way arrives, and everybody looks once more.
    for (const response of this.#late.splice(0)) this.#arrive(response);
    for (const visitor of [0, 1])
      for (const path of ['/shop', '/', '/other'] as const) {
        const host = 'www.shop.test';
        const rest = { process: 0, byHeader: false, response: 'arrives' } as const;
        await this.#step({ kind: 'visit', visitor, host, path, deed: 'read', ...rest });
      }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#main, this.#other].map((site) => site[Symbol.asyncDispose]()));
  }

  async #step(step: Step): Promise<void> {
    this.log.push(JSON.stringify(step));
    switch (step.kind) {
      case 'visit':
        return this.#visit(step);
      case 'arrival': {
        const [response] = this.#late.splice(step.which % Math.max(1, this.#late.length), 1);
        if (response !== undefined) this.#arrive(response);
        return;
      }
      case 'pause':
        vi.setSystemTime(Date.now() + step.ms);
        return;
      case 'closeBrowser':
        this.#visitors[step.visitor]?.jar.close();
        return;
      case 'redeploy':
        if (step.change.driver === 'stealth') this.#ended.clear();
        return this.#main.redeploy(step.change);
      case 'secret': {
        const { secrets } = this.#main.model;
        if (step.how === 'drop') vi.setSystemTime(Date.now() + 60_000);
        return this.#main.changeSecrets(
          step.how === 'add' ? [Math.max(...secrets) + 1, ...secrets] : secrets.slice(0, 1),
        );
      }
      case 'replay':
        return this.#replay(step.which, step.process);
    }
  }

  // ---- requests ----------------------------------------------------------------------------------------------------

  async #visit(step: VisitStep): Promise<void> {
    const visitor = this.#visitors[step.visitor];
    if (visitor === undefined) return;
    const { host, path } = step;
    const site = path === '/other' ? this.#other : this.#main;
    const byHeader = step.byHeader && site.model.deployment.header;
    const cookies = byHeader ? [] : visitor.jar.visible(host, `${path === '/' ? '' : path}/do`);
    const sent: Sent = { site, host, path, byHeader, cookies, header: byHeader ? visitor.header : null };
    const deed = byHeader && step.deed === 'growMore' ? 'grow' : step.deed;
    this.#serial += 1;
    const wanted: Wanted = { deed, value: `${step.visitor}:${this.#serial}`, user: `user ${step.visitor}` };
    const response = await this.#send(sent, wanted, step.process, visitor, `${step.visitor}:`);
    if (response === null) return;
    if (step.response === 'late') this.#late.push(response);
    if (step.response === 'arrives') this.#arrive(response);
  }

  async #replay(which: number, process: number): Promise<void> {
    const copy = this.#copies[which % Math.max(1, this.#copies.length)];
    if (copy === undefined) return;
    if (copy.byHeader && !copy.site.model.deployment.header) return;
    const attacker = { jar: new PlaceJar(), header: null, arrivals: 0 };
    await this.#send(copy, { deed: 'read', value: '', user: '' }, process, attacker, null);
  }

  async #send(
    sent: Sent,
    wanted: Wanted,
    process: number,
    visitor: Visitor,
    whose: string | null,
  ): Promise<Response | null> {
    const { site, host, path, byHeader, cookies } = sent;
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    if (cookie.length > TOO_LONG) return null;
    const app = await site.process(process);
    const { arrivals } = visitor;
    const found = this.#find(sent, process);
    const before = JSON.stringify(found, (key, value: unknown) => (key === 'token' ? undefined : value));
    const now = site.placeOn(host);
    const url = `${path === '/' ? '' : path}/do`;
    const isOutside = !byHeader && now.path !== '/' && !url.startsWith(`${now.path}/`);
    const names = cookies.filter(({ name }) => name.replace(/\.\d$/, '') === now.name);
    const looksBack = !byHeader && site.looksBack(cookies, host);
    const said = site.model.visit(
      found,
      {
        ...wanted,
        isOutside,
        cameWithToken: byHeader || names.length > 0 || looksBack,
        isCookieDue: looksBack && found.kind === 'session' && !this.#isSentAsNow(found, sent),
      },
      process,
    );
    const { driver } = site.model.deployment;
    const ends = wanted.deed === 'signOut' || wanted.deed === 'destroy';

    const answer = await this.#ask(
      app.url + url,
      host,
      cookie,
      byHeader ? (sent.header ?? 'new') : null,
      wanted,
    );
    this.log.push(`   with ${shown(cookies)}: found ${before}, is to say ${JSON.stringify(said)}`);
    this.#checkSeen(answer.seen, found, whose, driver);
    if (found.kind === 'session' && ends && driver !== 'stealth') this.#ended.add(found.kept.handle);
    const ended = found.kind === 'session' && ends ? found.kept.handle : null;
    return { ...this.#checkSaid(answer, said, sent, isOutside), visitor, arrivals, ended };
  }

  async #ask(
    url: string,
    host: string,
    cookie: string,
    header: string | null,
    wanted: Wanted,
  ): Promise<Answer> {
    const outgoing = request(url, {
      method: 'POST',
      agent,
      headers: {
        host,
        'content-type': 'application/json',
        ...(header === null ? { 'sec-fetch-site': 'same-origin' } : { [HEADER]: header }),
        ...(cookie === '' ? {} : { cookie }),
      },
    });
    outgoing.end(JSON.stringify(wanted));
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on('response', resolve).on('error', reject);
    });
    const body = (await json(incoming)) as { seen?: unknown };
    mustBe(incoming.statusCode, 201, 'not answered as usual');
    return { headers: incoming.headers, seen: body.seen };
  }

  // ---- what is sent ------------------------------------------------------------------------------------------------

  #find(sent: Sent, process: number): Found & { elsewhere?: boolean } {
    const { site, host, byHeader, cookies, header } = sent;
    if (byHeader) return site.findInHeader(this.#pieces.get(header ?? '')?.token ?? null, host, process);
    return site.findInCookies((name) => this.#tokensIn(cookies, name), host, process);
  }

  /** The tokens in cookies of a name: whole ones first, then those in pieces that are all there. */
  #tokensIn(cookies: readonly KeptCookie[], name: string): Token[] {
    const whole = cookies.filter((each) => each.name === name).map((each) => this.#pieceOf(each));
    const first = cookies.filter((each) => each.name === `${name}.0`);
    const joined = first.map((each) => {
      const piece = this.#pieceOf(each);
      const place = placeOfCookie(each);
      const others = cookies
        .filter((other) => isSame(placeOfCookie(other), place))
        .map((other) => this.#pieceOf(other));
      const count = others.filter((other) => other?.token === piece?.token).length;
      return count === piece?.count ? piece : undefined;
    });
    return [...whole, ...joined].flatMap((piece) => (piece === undefined ? [] : [piece.token]));
  }

  #pieceOf({ name, value }: KeptCookie): Piece | undefined {
    return this.#pieces.get(`${name}=${value}`);
  }

  /** Whether a request brings the token that it would be given now. */
  #isSentAsNow(found: Found & { elsewhere?: boolean }, { site, host, cookies }: Sent): boolean {
    if (found.kind !== 'session') return false;
    if (found.kept.isSealed) return found.elsewhere !== true;
    const now = site.placeOn(host);
    return this.#tokensIn(cookies, now.name).some(
      ({ kept, cookie, secret }) =>
        !kept.isSealed &&
        kept.id === found.kept.id &&
        cookie !== null &&
        isSame(cookie, now) &&
        secret === site.model.secrets[0],
    );
  }

  // ---- what comes back ---------------------------------------------------------------------------------------------

  #checkSeen(seen: unknown, found: Found, whose: string | null, driver: string): void {
    const kept = found.kind === 'session' ? found.kept : null;
    const { handle, ...rest } = (seen ?? {}) as { handle?: string; value?: string | null };
    const { value = null } = rest;
    if (whose !== null && value !== null && !value.startsWith(whose))
      throw new Error("a visitor sees another's value");
    const wanted =
      kept === null ? {} : { value: kept.value, size: kept.size, user: kept.user, expiresAt: kept.expiresAt };
    mustBe(rest, wanted, 'not the session that the browser holds');
    if (kept === null) return;
    if (driver !== 'stealth' && this.#ended.has(kept.handle)) throw new Error('a sign-out was undone');
    const known = this.#handles.get(kept.handle);
    if (known !== undefined) mustBe(handle, known, 'another handle');
    else this.#handles.set(kept.handle, handle ?? '');
  }

  #checkSaid(
    { headers }: Answer,
    said: Said,
    sent: Sent,
    isOutside: boolean,
  ): Omit<Response, 'visitor' | 'arrivals' | 'ended'> {
    const { site, host, byHeader } = sent;
    const { name, path, domain } = site.placeOn(host);
    const setCookies = headers['set-cookie'] ?? [];
    const inHeader = headers[HEADER.toLowerCase()]?.toString();
    const set = setCookies.filter((each) => !each.includes('; Max-Age=0; '));
    mustBe(
      kindOf(byHeader ? [inHeader ?? null] : [...set, ...setCookies]),
      said.kind,
      'not said what is due',
    );
    if (byHeader) mustBe(setCookies.length, 0, 'a cookie for a client with the header');
    else mustBe(inHeader ?? null, null, 'the header for a browser');
    const field = byHeader ? HEADER : 'Set-Cookie';
    const caching =
      said.kind === 'nothing' ? [null, null] : [`private, no-cache="${field}"`, byHeader ? HEADER : 'Cookie'];
    mustBe([headers['cache-control'] ?? null, headers.vary ?? null], caching, 'caching');
    const rest = {
      sent,
      setCookies,
      header: inHeader ?? null,
      said,
      isOutside,
      deployment: site.deployments,
    };
    if (said.kind !== 'set') return { ...rest, token: null };
    const pairs = byHeader ? [inHeader ?? ''] : set.map((each) => each.slice(0, each.indexOf(';')));
    // A signed id is the same text each time.
    const token: Token = this.#pieces.get(pairs[0] ?? '')?.token ?? {
      kept: said.kept,
      cookie: byHeader ? null : site.placeOn(host),
      tenant: byHeader && site.isAmongTenants ? site.placeOn(host) : null,
      secret: site.model.secrets[0] ?? 0,
    };
    for (const [number, pair] of pairs.entries())
      this.#pieces.set(pair, { token, number, count: pairs.length });
    const text = pairs.map((pair) => pair.slice(byHeader ? 0 : pair.indexOf('=') + 1)).join('');
    mustBe(text.startsWith('v1s.'), said.kept.isSealed, 'not the kind of token');
    if (!said.kept.isSealed) this.#learn(said.kept.id, text.split(/[.@]/)[1] ?? '');
    for (const each of byHeader ? [] : set) {
      mustBe(/; Max-Age=(\d+)/.exec(each)?.[1] ?? null, said.maxAge?.toString() ?? null, 'Max-Age');
      const attributes = `${domain === null ? '' : `; Domain=${domain}`}; Path=${path}; HttpOnly${this.#history.isSecure ? '; Secure' : ''}; SameSite=Lax`;
      if (!each.endsWith(attributes)) throw new Error(`not the attributes of ${name}: ${each.slice(-120)}`);
      if (said.maxAge !== undefined && Date.now() + said.maxAge * 1000 >= said.kept.expiresAt + 1000)
        throw new Error('a cookie that lives longer than its session');
    }
    return { ...rest, token };
  }

  #learn(number: number, id: string): void {
    const known = this.#ids.get(number);
    if (known === undefined && [...this.#ids.values()].includes(id))
      throw new Error('one id for two sessions');
    if (known !== undefined && known !== id) throw new Error('two ids for one session');
    this.#ids.set(number, id);
  }

  // ---- arrivals ----------------------------------------------------------------------------------------------------

  #arrive(response: Response): void {
    const { sent, visitor, setCookies, header, said, token } = response;
    const { site, host, path, byHeader } = sent;
    // Others have arrived since the request was sent.
    const wasOvertaken = visitor.arrivals !== response.arrivals;
    visitor.arrivals += 1;
    if (byHeader) {
      if (header !== null) visitor.header = header === '' ? null : header;
    } else visitor.jar.take(host, setCookies);
    const cookies = visitor.jar.visible(host, `${path === '/' ? '' : path}/do`);
    const holds: Sent = {
      site,
      host,
      path,
      byHeader,
      cookies: byHeader ? [] : cookies,
      header: visitor.header,
    };
    if (said.kind !== 'nothing') this.#copies.push(holds);
    if (byHeader || response.deployment !== site.deployments) return;
    if (said.kind === 'nothing' || response.isOutside) return;
    const ours = cookies.filter((each) => site.isOurs(each, host));
    this.log.push(`   arrived: the browser holds ${shown(ours)}`);
    if (said.kind === 'set') {
      const now = site.placeOn(host);
      const [first] = this.#tokensIn(
        cookies.filter((each) => isSame(placeOfCookie(each), now)),
        now.name,
      );
      if (first !== token) throw new Error('the browser does not hold what it was given last');
    }
    // The cookie of a record is worth nothing without it.
    const revived = ours.filter((each) => {
      const kept = this.#pieceOf(each)?.token.kept;
      return kept?.isSealed === true && kept.handle === response.ended;
    });
    mustBe(shown(revived), '', 'a cookie of the session that was ended is left');
    if (wasOvertaken) return;
    const strangers = ours.filter((each) => this.#pieceOf(each)?.token !== token);
    mustBe(shown(strangers), '', 'a cookie is left behind');
  }
}
