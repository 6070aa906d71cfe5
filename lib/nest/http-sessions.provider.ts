import { Logger } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { StoreGuard } from '../drivers/guard/store-guard.js';
import { CookiePath } from '../http/cookie/cookie-path.js';
import { ForeignCookies } from '../http/cookie/foreign-cookies.js';
import { SecureCookieWarning } from '../http/cookie/secure-cookie-warning.js';
import { HttpSessions } from '../http/http-sessions.js';
import { UnparsedFormWarning } from '../http/unparsed-form-warning.js';
import { type RouteTest, compileRoutes } from '../http/routing/named-routes.js';
import { routeMatchingOf } from '../http/routing/route-matching.js';
import type { ForeignSession, SessionSource } from '../lifecycle/taking-over/session-source.js';
import { fieldName } from '../session/form-input.js';
import type { SessionLifecycles } from './session-lifecycles.js';
import type { SessionSettings } from './session.settings.js';

/** Creates the object that opens the sessions of an application's HTTP requests. */
export function httpSessions(
  settings: SessionSettings,
  lifecycles: SessionLifecycles,
  config: ApplicationConfig,
  adapterHost: HttpAdapterHost,
): HttpSessions {
  const log = new Logger('SessionModule');
  const neverFlashed = new Set(settings.flash.except.map(fieldName));
  return new HttpSessions(
    {
      tokens: settings,
      foreign: foreignCookies(settings, log),
      cookiePath: new CookiePath(settings.cookie.place.path, log),
      log,
      secureWarning: new SecureCookieWarning(log),
      unparsedForm: new UnparsedFormWarning(log),
      recordClient: settings.recordClient,
      isNeverFlashed: (field) => neverFlashed.has(fieldName(field)),
      lifecycles,
      isPassive: routesOf('passive', settings, config, adapterHost),
    },
    routesOf('exclude', settings, config, adapterHost),
  );
}

/** The cookies of the libraries that the application migrates from; null if it names none. */
function foreignCookies(
  { migrate, storeTimeout: timeout }: SessionSettings,
  log: Logger,
): ForeignCookies | null {
  if (migrate.length === 0) return null;
  const guarded = migrate.map((source) =>
    guardedSource(source, new StoreGuard({ name: source.name, timeout, log })),
  );
  return new ForeignCookies(guarded);
}

/**
 * A source of foreign sessions whose store calls follow the same rules as any other: limited in time, and
 * skipped while the store is not answering. Its keys are distinct from those of other sources.
 */
function guardedSource(source: SessionSource, guard: StoreGuard): SessionSource {
  const guarded = (foreign: ForeignSession): ForeignSession => {
    const key = foreign.key === null ? null : `${source.name} ${foreign.key}`;
    // The guard uses the id to tell servers apart; a foreign store counts as one server.
    const id = key ?? '';
    const remove = foreign.remove?.bind(foreign);
    return {
      key,
      isOfUser: foreign.isOfUser === true,
      load: () => guard.run('reading', id, {}, () => foreign.load()),
      ...(remove === undefined ? {} : { remove: () => guard.run('removing', id, {}, remove) }),
    };
  };
  return {
    name: source.name,
    cookies: source.cookies,
    find: (valuesOf) => {
      const foreign = source.find(valuesOf);
      return foreign === null ? null : guarded(foreign);
    },
  };
}

/** Compiles an option that names routes, matching paths the way the application's router does. */
export function routesOf(
  option: 'exclude' | 'passive',
  settings: SessionSettings,
  config: ApplicationConfig,
  adapterHost: HttpAdapterHost,
): RouteTest | null {
  const setup = {
    globalPrefix: () => config.getGlobalPrefix(),
    matching: () => routeMatchingOf(adapterHost.httpAdapter),
  };
  return compileRoutes(settings[option], setup, option);
}
