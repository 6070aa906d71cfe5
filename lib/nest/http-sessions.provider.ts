import { Logger } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { StoreGuard } from '../drivers/guard/store-guard.js';
import { CookiePath } from '../http/cookie/cookie-path.js';
import { FormerCookies } from '../http/cookie/former-cookies.js';
import { SecureCookieWarning } from '../http/cookie/secure-cookie-warning.js';
import { HttpSessions } from '../http/http-sessions.js';
import { type RouteTest, compileRoutes } from '../http/routing/named-routes.js';
import { routeMatchingOf } from '../http/routing/route-matching.js';
import type { FormerSession, SessionSource } from '../lifecycle/taking-over/session-source.js';
import { fieldName } from '../session/form-input.js';
import type { SessionManager } from './session.manager.js';
import type { SessionSettings } from './session.settings.js';

/** Makes what opens the sessions of an application's HTTP requests. */
export function httpSessions(
  settings: SessionSettings,
  manager: SessionManager,
  config: ApplicationConfig,
  adapterHost: HttpAdapterHost,
): HttpSessions {
  const log = new Logger('SessionModule');
  const neverFlashed = new Set(settings.flash.except.map(fieldName));
  return new HttpSessions(
    {
      tokens: settings,
      former: formerCookies(settings, log),
      cookiePath: new CookiePath(settings.cookie.place.path, log),
      log,
      secureWarning: new SecureCookieWarning(log),
      recordClient: settings.recordClient,
      isNeverFlashed: (field) => neverFlashed.has(fieldName(field)),
      lifecycles: manager.lifecycles,
      isPassive: routesOf('passive', settings, config, adapterHost),
    },
    routesOf('exclude', settings, config, adapterHost),
  );
}

/** Of the libraries that the application comes from; null where it says none. */
function formerCookies(
  { migrate, storeTimeout: timeout }: SessionSettings,
  log: Logger,
): FormerCookies | null {
  if (migrate.length === 0) return null;
  const guarded = migrate.map((source) =>
    guardedSource(source, new StoreGuard({ name: source.name, timeout, log })),
  );
  return new FormerCookies(guarded);
}

/**
 * A source of former sessions whose store is called by the same rules as any other: within the time limit, and not while it has
 * stopped answering. Its sessions are told apart from those of other sources.
 */
function guardedSource(source: SessionSource, guard: StoreGuard): SessionSource {
  const guarded = (former: FormerSession): FormerSession => {
    const key = former.key === null ? null : `${source.name} ${former.key}`;
    // A guard tells servers apart by it, and a store of others is one.
    const id = key ?? '';
    const remove = former.remove?.bind(former);
    return {
      key,
      isOfUser: former.isOfUser === true,
      load: () => guard.run('reading', id, {}, () => former.load()),
      ...(remove === undefined ? {} : { remove: () => guard.run('removing', id, {}, remove) }),
    };
  };
  return {
    name: source.name,
    cookies: source.cookies,
    find: (valuesOf) => {
      const former = source.find(valuesOf);
      return former === null ? null : guarded(former);
    },
  };
}

/** What an option that names routes comes to, as the router of an application compares paths. */
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
