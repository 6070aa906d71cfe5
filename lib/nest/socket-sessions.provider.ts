import { IntrinsicException, Logger } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { SessionLimitError } from '../session.exception.js';
import { SocketSessions } from '../sockets/socket-sessions.js';
import { routesOf } from './http-sessions.provider.js';
import type { SessionManager } from './session.manager.js';
import type { SessionSettings } from './session.settings.js';

/** Creates the object that gives an application's sockets their sessions. */
export function socketSessions(
  settings: SessionSettings,
  manager: SessionManager,
  config: ApplicationConfig,
  adapterHost: HttpAdapterHost,
): SocketSessions {
  const log = new Logger('SessionModule');
  return new SocketSessions({
    lifecycles: manager.lifecycles,
    cookieAttributes: settings.cookie.attributes,
    log,
    tokens: settings,
    isExcluded: routesOf('exclude', settings, config, adapterHost),
    isPassive: routesOf('passive', settings, config, adapterHost),
    connections: {
      watch: (place, livesInCookie, request) => manager.lifecycles.watch(place, livesInCookie, request),
      userOf: (session) => nameOf(session.get(settings.userKey)),
      unstored: (error) => {
        if (error instanceof SessionLimitError) return;
        const reason = error instanceof Error ? error.message : 'an unknown error';
        log.error(`A session could not be stored behind a message on a socket: ${reason}`);
      },
      hookFailed: (error) => {
        if (error instanceof IntrinsicException || isRefusal(error)) return;
        log.error(error);
      },
    },
  });
}

function nameOf(user: unknown): string | null {
  return typeof user === 'string' || typeof user === 'number' ? String(user) : null;
}

/** Whether an error is a WsException, without loading @nestjs/websockets. The application threw it on purpose. */
function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && typeof Reflect.get(error, 'getError') === 'function';
}
