/**
 * Takes over the sessions of other libraries, so that nobody is signed out by the migration.
 *
 * @module nestjs-session-kit/migrate
 */
export { fromCookieSession, type CookieSessionSource } from './from-cookie-session.js';
export { fromExpressSession, type ExpressSessionSource } from './from-express-session.js';
export { fromFastifySession, type FastifySessionSource } from './from-fastify-session.js';
export { fromIronSession, type IronSessionSource } from './from-iron-session.js';
export type { ForeignCookieAttributes, SourceOptions } from './source-options.js';
export type { ConnectStore } from '../stores/connect-store-calls.js';
export type {
  ForeignContent,
  ForeignSession,
  SessionSource,
  SourceCookie,
} from '../lifecycle/taking-over/session-source.js';
