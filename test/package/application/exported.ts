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

/** Exports without explicit types: the application's declarations have to name each type. */
export { Flash as Messages, Session as Visit } from 'nestjs-session-kit';
export const [facade, messages] = [Session, Flash];
const member = <T, K extends keyof T>(of: T, name: K): T[K] => of[name];
export const get = member(Session, 'get');
export const put = member(Session, 'put');
export const has = member(Session, 'has');
export const hasAny = member(Session, 'hasAny');
export const only = member(Session, 'only');
export const except = member(Session, 'except');
export const pull = member(Session, 'pull');
export const remember = member(Session, 'remember');
export const update = member(Session, 'update');
export const push = member(Session, 'push');
export const increment = member(Session, 'increment');
export const merge = member(Session, 'merge');
export const reset = member(Session, 'reset');
export const forget = member(Session, 'forget');
export const flash = member(Session, 'flash');
export const now = member(Session, 'now');
export const keep = member(Session, 'keep');
export const flashOnly = member(Session, 'flashOnly');
export const old = member(Session, 'old');
export const signIn = member(Session, 'signIn');
export const intended = member(Session, 'intended');
export const setDuration = member(Session, 'setDuration');
export const permanent = member(Session, 'permanent');
export const message = member(new FlashMessages({}), 'get');
export const errors = member(new FlashMessages({}), 'errors');
export const list = member(SessionManager.prototype, 'list');
export const end = member(SessionManager.prototype, 'end');
export const endAll = member(SessionManager.prototype, 'endAll');
export const run = member(SessionManager.prototype, 'run');
export const check = member(SessionManager.prototype, 'check');
export const read = member(SessionManager.prototype, 'read');
export const driver = member(SessionManager.prototype, 'driver');
export const extend = member(SessionManager.prototype, 'extend');
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
