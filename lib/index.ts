/**
 * The module, its decorators, guards and filters, and the types they expose.
 *
 * @module nestjs-session-kit
 */
export { SessionModule } from './nest/session.module.js';
export type { SessionOptionsFactory } from './nest/module-options.js';
export {
  SESSION_OPTIONS,
  type DriverDefinition,
  type DriverFactory,
  type SessionModuleOptions,
} from './options/session.options.js';
export { NEVER_FLASHED } from './options/never-flashed.js';
export {
  Flash,
  type FlashParameter,
  Session,
  SessionDriver,
  type SessionParameter,
} from './nest/session.decorators.js';
export type { SessionFacade } from './nest/session.facade.js';
export { SessionInterceptor } from './nest/session.interceptor.js';
export { SessionMiddleware } from './nest/session.middleware.js';
export type { TestSessionOptions } from './nest/test-options.js';
export type { StoreCheck } from './nest/drivers/driver-in-use.js';
export { SessionManager } from './nest/session.manager.js';
export type { ReadSession, SessionPage, StoredSession } from './nest/listed-session.js';
export { onSessionEvent, type SessionEventListener } from './nest/on-session-event.js';
export type {
  SessionEnd,
  SessionEvent,
  SessionEventName,
  SessionEventOfOne,
  SessionEvents,
  TokenRefusal,
} from './events/session-events.js';
export { PassiveSession } from './nest/passive-session.js';
export { SignedInGuard, SignedInWithin } from './nest/signed-in.guard.js';
export { FormErrorsFilter, type FormErrorsFilterOptions, type FormPath } from './forms/form-errors.filter.js';
export type { FormRequest } from './forms/back-to-form.js';
export type { FieldValidationError, SchemaIssue } from './forms/form-errors.js';
export { InvalidFormException, invalidForm } from './forms/invalid-form.exception.js';
export type { FieldErrors, FormErrors } from './session/form-bags.js';
export {
  SessionLimitError,
  SessionUnavailableException,
  type SignInReason,
  SignInRequiredException,
} from './session.exception.js';
export {
  NoSessionError,
  SessionConfigError,
  SessionError,
  SessionReadonlyError,
  SessionStoreError,
  SessionTooLargeError,
  SessionValueError,
} from './session.errors.js';
// A star export, because `declare module 'nestjs-session-kit'` can only augment what is exported this way.
export * from './session/session-data.js';
export { RequestSession } from './session/request-session.js';
// Types that exported handlers and methods of an application return or take: its declaration files
// (`declaration: true`) have to name them.
export type {
  AnyKey as AnySessionKey,
  KeyOf as SessionKey,
  KeysOf as SessionKeys,
  Mergeable as MergeableValues,
  Readable as ReadableValues,
  UndeclaredKey as UndeclaredSessionKey,
} from './session/session-keys.js';
export type { Fallback } from './session/default-value.js';
export type { FunctionMembers } from './nest/session.facade.js';
export type { Values as SessionValues } from './state/values.js';
export type { SignInOptions } from './session/session-sign-in.js';
export { FlashMessages } from './session/flash-messages.js';
export type { SessionCallback } from './session/callback.js';
export type {
  EarlierCookie,
  SessionCookieOptions,
  TenantFunction,
  TenantRequest,
} from './options/cookie.options.js';
export type { NamedRoute } from './options/named-route.js';
export type { Duration } from './options/duration.js';
export type { SessionSerializer } from './state/payload.js';
export type {
  AnyDriver,
  DriverLifecycle,
  RecordDriver,
  SealingDriver,
  SessionRecord,
  UserRecords,
} from './drivers/driver.js';
export { type ConnectStore, connectStore } from './stores/connect-store.js';
export { type KeyvStore, keyvStore } from './stores/keyv-store.js';
export type {
  ForeignContent,
  ForeignSession,
  SessionSource,
  SourceCookie,
} from './lifecycle/taking-over/session-source.js';
export type { StealthDriverOptions } from './options/stealth.options.js';
export type { MemoryDriverOptions } from './options/memory.options.js';
export type { FileDriverOptions } from './options/file.options.js';
export type { RedisClient, RedisConnectionOptions, RedisDriverOptions } from './options/redis.options.js';
export type { MemcachedClient, MemcachedDriverOptions } from './options/memcached.options.js';
export type { DatabaseDriverOptions, SessionDataSource } from './options/database.options.js';
