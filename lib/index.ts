export { SessionModule, type SessionOptionsFactory } from './session.module.js';
export {
  SESSION_OPTIONS,
  type DriverDefinition,
  type DriverFactory,
  type SessionModuleOptions,
} from './session.options.js';
export { Flash, Session, SessionDriver } from './session.decorators.js';
export type { SessionFacade } from './session.facade.js';
export { SessionInterceptor } from './session.interceptor.js';
export { SessionMiddleware } from './session.middleware.js';
export { SessionManager, type StoredSession } from './session.manager.js';
export { SessionUnavailableException } from './session.exception.js';
export {
  NoSessionError,
  SessionConfigError,
  SessionError,
  SessionReadonlyError,
  SessionStoreError,
  SessionTooLargeError,
  SessionValueError,
} from './session.errors.js';
// With a star, because only what is exported so can be added to by `declare module 'nestjs-session-kit'`.
export * from './session/session-data.js';
export { RequestSession } from './session/request-session.js';
export { FlashMessages } from './session/flash-messages.js';
export type { SessionCallback } from './session/callback.js';
export type { FormerCookie, SessionCookieOptions } from './http/cookie-options.js';
export type { ExcludedRoute } from './http/excluded-routes.js';
export type { Duration } from './duration.js';
export type { SessionSerializer } from './state/payload.js';
export type { AnyDriver } from './drivers/built-in-drivers.js';
export type { DriverLifecycle, RecordDriver, SealingDriver, SessionRecord } from './drivers/driver.js';
export type { StealthDriverOptions } from './drivers/stealth/stealth.driver.js';
export type { MemoryDriverOptions } from './drivers/memory/memory.driver.js';
export type { FileDriverOptions } from './drivers/file/file.driver.js';
export type {
  RedisClient,
  RedisConnectionOptions,
  RedisDriverOptions,
} from './drivers/redis/redis.driver.js';
export type { MemcachedClient, MemcachedDriverOptions } from './drivers/memcached/memcached.driver.js';
export type { DatabaseDriverOptions, SessionDataSource } from './drivers/database/database.options.js';
