import type { SessionLog } from '../lifecycle/session-runtime.js';
import type { LifecycleFactory } from '../session/session-host.js';
import type { CookiePath } from './cookie/cookie-path.js';
import type { TokenSetup } from './cookie/cookie-setup.js';
import type { FormerCookies } from './cookie/former-cookies.js';
import type { SecureCookieWarning } from './cookie/secure-cookie-warning.js';
import type { RouteTest } from './routing/named-routes.js';

/** What all requests of an application share. */
export interface HttpSessionSettings {
  readonly tokens: TokenSetup;
  /** Of the libraries that the application comes from; null for none. */
  readonly former: FormerCookies | null;
  readonly secureWarning: SecureCookieWarning;
  readonly cookiePath: CookiePath;
  readonly log: SessionLog;
  readonly recordClient: boolean;
  /** Which routes are passive. Null: none. */
  readonly isPassive: RouteTest | null;
  isNeverFlashed(field: string): boolean;
  readonly lifecycles: LifecycleFactory;
}
