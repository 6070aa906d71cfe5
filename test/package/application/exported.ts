import {
  Flash,
  FlashMessages,
  FormErrorsFilter,
  Session,
  SessionManager,
  SessionModule,
  connectStore,
  invalidForm,
  onSessionEvent,
} from 'nestjs-session-kit';
import { fromCookieSession } from 'nestjs-session-kit/migrate';
import { fakeSession, sessionsOf, stopClock, withSession } from 'nestjs-session-kit/testing';

/** What an application makes and exports without a written type: its declarations have to name all of it. */
export { Flash as Messages, Session as Visit } from 'nestjs-session-kit';
export const [facade, messages] = [Session, Flash];
export const {
  get,
  put,
  has,
  hasAny,
  only,
  except,
  pull,
  remember,
  update,
  push,
  increment,
  merge,
  reset,
  forget,
} = Session;
export const { flash, now, keep, flashOnly, old, signIn, intended, setDuration, permanent } = Session;
export const { get: message, errors } = new FlashMessages({});
export const { list, end, endAll, run, check, read, driver, extend } = SessionManager.prototype;
export const store = connectStore({
  get: (_sid, done) => done(null),
  set: (_sid, _session, done) => done(),
  destroy: (_sid, done) => done(),
});
export const source = fromCookieSession({ keys: 'k'.repeat(32) });
export const forms = new FormErrorsFilter();
export const refused = invalidForm([]);
export const stop = onSessionEvent('begun', (begun) => begun);
export const testModule = SessionModule.forTest();
export const sham = fakeSession({ visits: 1 });
export const { did } = sham;
export const ran = withSession({ visits: 1 }, (session) => session);
export const sessions = (app: Parameters<typeof sessionsOf>[0]) => sessionsOf(app);
export const clock = stopClock();
