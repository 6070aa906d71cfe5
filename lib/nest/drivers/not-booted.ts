import { SessionConfigError } from '../../session.errors.js';

/** Drivers are made when the application boots. */
export function notBooted(): SessionConfigError {
  return new SessionConfigError(
    'A session or a driver was asked for before the application had booted. Call `await app.init()` or `await app.listen()` first.',
  );
}
