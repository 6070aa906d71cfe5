import { SessionError } from '../session.errors.js';
import {
  type ConnectFlashArguments,
  connectFlash,
  isConnectFlash,
} from '../session/express-session/connect-flash.js';
import type { HostedSession } from '../session/hosted-session.js';
import type { RawRequest } from './raw-http.js';

/** The session properties of a request, as accessors, named as in express-session and connect-flash. */
export type RequestProperties<Request extends object = RawRequest> = Readonly<
  Record<'session' | 'sessionID' | 'flash', RequestAccessor<Request>>
>;

/** An accessor on a request, or on an object that leads to one. */
interface RequestAccessor<Request> {
  readonly configurable: true;
  readonly enumerable: true;
  get(this: Request): unknown;
  set(this: Request, value: unknown): void;
}

/**
 * Creates the properties for the requests of one application.
 *
 * `request.session = null` destroys the session, as in cookie-session; assigning anything else throws, since
 * it would not be stored. `delete request.session` does nothing: the properties are on the prototype, where a
 * `delete` goes unnoticed; own properties would cost each request time.
 *
 * A value assigned to `request.sessionID` is read back from then on, as with express-session; it does not
 * switch sessions. The same holds for `request.session` if this application has no session for the request.
 *
 * @param hostedOf returns the application's session of a request
 */
export function requestProperties<Request extends object>(
  hostedOf: (request: Request) => HostedSession | undefined,
): RequestProperties<Request> {
  return {
    session: {
      configurable: true,
      enumerable: true,
      get() {
        const hosted = hostedOf(this);
        hosted?.handOut();
        return hosted?.expressSession;
      },
      set(value) {
        const hosted = hostedOf(this);
        // On a route excluded here, another library may have its own session.
        if (hosted === undefined) replace(this, 'session', value);
        else if (value === null) void hosted.session.destroy();
        else if (value !== hosted.expressSession && value !== hosted.session) throw refused();
      },
    },
    sessionID: {
      configurable: true,
      enumerable: true,
      get() {
        return hostedOf(this)?.handOut().id;
      },
      set(value) {
        if (value !== hostedOf(this)?.session.id) replace(this, 'sessionID', value);
      },
    },
    flash: {
      configurable: true,
      enumerable: true,
      get() {
        const hosted = hostedOf(this);
        hosted?.handOut();
        return hosted && ((...args: ConnectFlashArguments) => connectFlash(hosted, args));
      },
      set(value) {
        if (!isConnectFlash(value) || hostedOf(this) === undefined) replace(this, 'flash', value);
      },
    },
  };
}

function replace(request: object, name: string, value: unknown): void {
  Object.defineProperty(request, name, { value, writable: true, enumerable: true, configurable: true });
}

function refused(): SessionError {
  return new SessionError(
    'request.session cannot be replaced. Set its values (request.session.user = user), or replace all of them with ' +
      'session.reset({ ... }); end it with request.session = null or await session.destroy().',
  );
}
