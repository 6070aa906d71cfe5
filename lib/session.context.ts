import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestSession } from './session/request-session.js';

/** Carries the session of the current request to whatever runs for it. One for all applications of the process. */
export const sessionContext = new AsyncLocalStorage<RequestSession>();
