import { randomBytes } from 'node:crypto';
import { Body, Controller, Post } from '@nestjs/common';
import { Session } from 'nestjs-session-kit';
import { systemClock } from '../../../lib/drivers/clock.js';
import { MemoryDriver } from '../../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../../conformance/custom-driver.js';
import { HEADER } from '../../support/header-client.js';
import type { KeptCookie } from '../../support/place-jar.js';
import { type Platform, TestApp } from '../../support/test-app.js';
import type { Deed, Deployment, History } from './jar-history.js';
import { type Found, JarModel, LIFETIMES, NOTHING, type Token } from './jar-model.js';
import {
  type Place,
  cookieOptions,
  formerPlaces,
  isSame,
  lookedAt,
  placeOn,
  placesOf,
} from './jar-places.js';
import { WatchedDriver } from './watched-driver.js';

/** What a request asks for. */
export interface Wanted {
  readonly deed: Deed;
  readonly value: string;
  readonly user: string;
}

const SIZES: Partial<Record<Deed, number>> = { grow: 3500, growMore: 6500, shrink: 0 };

@Controller(['', 'shop', 'other'])
class DeedsController {
  @Post('do')
  async do(@Session() session: Session, @Body() { deed, value, user }: Wanted) {
    const ballast = session.get<string>('ballast', '');
    const { stored, userId, handle, expiresAt } = session;
    const seen = stored
      ? {
          value: session.get<string | null>('value', null),
          size: ballast.length,
          user: userId,
          expiresAt,
          handle,
        }
      : null;
    const size = SIZES[deed];
    const lifetime = LIFETIMES[deed];
    if (deed === 'put') session.put('value', value);
    else if (size !== undefined)
      session.put('ballast', randomBytes(size).toString('base64url').slice(0, size));
    else if (deed === 'signIn') session.signIn(user);
    else if (deed === 'remember') session.signIn(user, { remember: true });
    else if (deed === 'signOut') session.signOut();
    else if (deed === 'destroy') await session.destroy();
    else if (deed === 'regenerate') session.regenerate();
    else if (deed === 'touch') await session.touch();
    else if (deed === 'permanent') session.permanent();
    else if (lifetime !== undefined) session.setDuration(lifetime);
    return { seen };
  }
}

const secretOf = (number: number): string => `a secret for tests that is long enough, number ${number}`;

/** One application of a history, through all its deployments, and its model. */
export class JarSite implements AsyncDisposable {
  readonly model: JarModel;
  /** Counts deployments. */
  deployments = 0;
  readonly #platform: Platform;
  readonly #history: History;
  readonly #stores: { readonly memory: WatchedDriver; readonly ledger: WatchedDriver };
  /** The processes that were needed so far. */
  #processes = new Map<number, Promise<TestApp>>();
  #earlier: Place[] = [];
  #formerly: Place[] = [];

  /** @param pathOfCookie if it is always the same */
  constructor(
    platform: Platform,
    history: History,
    deployment: Deployment,
    readonly pathOfCookie: string | null = null,
  ) {
    this.#platform = platform;
    this.#history = history;
    const store = (): WatchedDriver =>
      new WatchedDriver(
        history.removesVersions ? new MemoryDriver({}, systemClock) : new CustomDriver(systemClock),
      );
    this.#stores = { memory: store(), ledger: store() };
    this.model = new JarModel(history, deployment, () => Date.now());
  }

  process(number: number): Promise<TestApp> {
    const known = this.#processes.get(number);
    if (known !== undefined) return known;
    const starting = this.#start();
    this.#processes.set(number, starting);
    return starting;
  }

  #start(): Promise<TestApp> {
    const { isSecure, ageMs, touchEveryMs } = this.#history;
    const { deployment, secrets } = this.model;
    const { driver, encrypt, clearWithBrowser, header } = deployment;
    const { memory, ledger } = this.#stores;
    const cookie = cookieOptions(deployment, isSecure, this.#formerly);
    return TestApp.start(this.#platform, {
      controllers: [DeedsController],
      options: {
        driver: driver === 'memory' ? 'records' : 'stealth',
        ...(driver === 'ledger' ? { stealth: { ledger: 'lines' } } : {}),
        drivers: { records: { useFactory: () => memory }, lines: { useFactory: () => ledger } },
        secret: secrets.map(secretOf),
        age: ageMs,
        touchEvery: touchEveryMs,
        encrypt,
        clearWithBrowser,
        ...(header ? { header: HEADER } : {}),
        cookie: this.pathOfCookie === null ? cookie : { ...cookie, path: this.pathOfCookie },
      },
    });
  }

  async redeploy(change: Partial<Deployment>): Promise<void> {
    const { isSecure } = this.#history;
    const { deployment } = this.model;
    this.#earlier = [...this.#earlier, ...placesOf(deployment, isSecure)];
    const next = { ...deployment, ...change };
    this.#formerly = this.pathOfCookie === null ? formerPlaces(this.#earlier, next, isSecure) : [];
    await this.#stop();
    this.model.redeploy(next);
  }

  async changeSecrets(secrets: readonly number[]): Promise<void> {
    this.model.secrets = secrets;
    await this.redeploy({});
  }

  async #stop(): Promise<void> {
    const running = [...this.#processes.values()];
    this.#processes = new Map();
    this.deployments += 1;
    await Promise.all(running.map(async (app) => (await app)[Symbol.asyncDispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  // ---- which tokens count ------------------------------------------------------------------------------------------

  placeOn(host: string): Place {
    const place = placeOn(this.model.deployment, this.#history.isSecure, host);
    if (this.pathOfCookie === null) return place;
    return { ...place, path: this.pathOfCookie, name: place.name.replace('__Host-', '') };
  }

  /** The earlier places at which the requests of a host are looked at. */
  earlierPlaces(host: string): Place[] {
    return lookedAt(this.#formerly, this.placeOn(host));
  }

  isOurs(cookie: KeptCookie, host: string): boolean {
    const place = placeOfCookie(cookie);
    return [this.placeOn(host), ...this.earlierPlaces(host)].some((each) => isSame(each, place));
  }

  /** Whether the names of former places make a request count as one that may bring a token. */
  looksBack(cookies: readonly KeptCookie[], host: string): boolean {
    if (this.#formerly.length === 0) return false;
    const header = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const names = [this.placeOn(host), ...this.earlierPlaces(host)].map(({ name }) => name);
    return this.earlierPlaces(host).length > 0 && names.some((name) => header.includes(name));
  }

  get isAmongTenants(): boolean {
    return this.model.deployment.name === 'tenant';
  }

  findInHeader(token: Token | null, host: string, process: number): Found {
    if (token === null || token.cookie !== null) return NOTHING;
    const place = this.isAmongTenants ? this.placeOn(host) : null;
    const isHere =
      place === null || token.tenant === null ? place === token.tenant : isSame(place, token.tenant);
    return (isHere ? this.model.open(token, process) : null) ?? NOTHING;
  }

  /**
   * What the tokens in cookies open.
   *
   * @param tokensOf the tokens in cookies of a name, those of a longer path first
   */
  findInCookies(
    tokensOf: (name: string) => Token[],
    host: string,
    process: number,
  ): Found & { elsewhere?: boolean } {
    const now = this.placeOn(host);
    const isHere = (token: Token): boolean => token.cookie !== null && isSame(token.cookie, now);
    const all = tokensOf(now.name);
    const earlier = this.earlierPlaces(host);
    const sorted =
      earlier.length === 0
        ? all
        : [
            ...all.filter((each) => each.kept.isSealed || isHere(each)),
            ...all.filter((each) => !each.kept.isSealed && !isHere(each)),
          ];
    const valid = sorted.filter((each) => (each.kept.isSealed || this.isAmongTenants ? isHere(each) : true));
    const before = earlier.flatMap((place) =>
      tokensOf(place.name).filter((each) => {
        if (each.kept.isSealed || this.isAmongTenants)
          return each.cookie !== null && isSame(each.cookie, place);
        return place.name !== now.name;
      }),
    );
    let stale: Found | null = null;
    for (const [index, token] of [...valid, ...before].entries()) {
      const found = this.model.open(token, process);
      if (found?.kind === 'session') return { ...found, elsewhere: index >= valid.length };
      stale ??= found;
    }
    return stale ?? NOTHING;
  }
}

export const placeOfCookie = ({ name, path, domain, hostOnly }: KeptCookie): Place => ({
  name: name.replace(/\.\d$/, ''),
  path,
  domain: hostOnly ? null : domain,
});
