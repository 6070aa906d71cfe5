/**
 * Sessions for the tests of an application: fake ones for unit tests, real ones for requests.
 *
 * @module nestjs-session-kit/testing
 */
export { FakeSession, type FakeSessionOptions, type SessionDeeds, fakeSession } from './fake-session.js';
export { type WithSession, withSession } from './with-session.js';
export { type ExchangeOptions, TestSessions, type VisitOptions, sessionsOf } from './sessions-of.js';
export type { FlashedBefore } from './flashed-before.js';
export type { SeenSession } from './seen-session.js';
export type { SentCookie } from './sent-cookie.js';
export type { CookieAgent, RequestOptions } from './sign-request.js';
export type { TestResponse } from './test-response.js';
export { type OverridableModule, overrideSession } from './override-session.js';
export { SessionClock, stopClock } from './stopped-clock.js';
