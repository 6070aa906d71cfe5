import cookieSessionMiddleware from 'cookie-session';
import { BagController } from './bag-controller.js';
import { expressApp } from './nest-app.js';
import { ageMs, cookieName, secret } from './secrets.js';
import type { StartVariant } from './variant.js';

/** cookie-session: values in a cookie that is signed but readable. */
export function cookieSession(): StartVariant {
  return async () => {
    const app = await expressApp(BagController);
    app.use(
      cookieSessionMiddleware({
        name: cookieName,
        keys: [secret],
        maxAge: ageMs,
        secure: false,
        httpOnly: true,
        sameSite: 'lax',
      }),
    );
    return app;
  };
}
