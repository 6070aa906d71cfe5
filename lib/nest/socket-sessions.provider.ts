import { IntrinsicException, Logger } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { propertyOf } from '../state/property-of.js';
import { reasonOf } from '../http/wording.js';
import { SessionLimitError } from '../session.exception.js';
import { SocketSessions } from '../sockets/socket-sessions.js';
import { routesOf } from './http-sessions.provider.js';
import type { SessionLifecycles } from './session-lifecycles.js';
import type { SessionSettings } from './session.settings.js';

/** Creates the object that gives an application's sockets their sessions. */
export function socketSessions(
  settings: SessionSettings,
  lifecycles: SessionLifecycles,
  config: ApplicationConfig,
  adapterHost: HttpAdapterHost,
): SocketSessions {
  const log = new Logger('SessionModule');
  return new SocketSessions({
    lifecycles,
    cookieAttributes: settings.cookie.attributes,
    log,
    tokens: settings,
    patienceMs: settings.storeTimeout,
    isExcluded: routesOf('exclude', settings, config, adapterHost),
    isPassive: routesOf('passive', settings, config, adapterHost),
    watch: (place, livesInCookie, request) => lifecycles.watch(place, livesInCookie, request),
    unstored: (error) => {
      if (error instanceof SessionLimitError) return;
      log.error(`A session could not be stored after a message on a socket: ${reasonOf(error)}`);
    },
    hookFailed: (error) => {
      if (error instanceof IntrinsicException || isRefusal(error)) return;
      log.error(error);
    },
  });
}

/** Whether an error is a WsException, without loading @nestjs/websockets. The application threw it on purpose. */
function isRefusal(error: unknown): boolean {
  return typeof propertyOf(error, 'getError') === 'function';
}
