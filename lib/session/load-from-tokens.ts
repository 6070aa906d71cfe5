import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { SessionHost } from './session-host.js';

/** Loads the session of a request. Returns no promise if there is nothing to wait for. */
export function loadForRequest(life: SessionLifecycle, host: SessionHost): Promise<void> | void {
  const pending = loadFromTokens(life, host);
  const { takeOver } = host;
  if (takeOver === undefined) return pending;
  const { session } = life;
  const ifNone = (): Promise<void> | void => {
    // A session that another request has just moved (`stale`), or whose store failed, is no reason to go back
    // to a foreign session.
    const isNone = session.base === null && session.phase === 'new' && !session.readonly;
    if (life.session === session && isNone) return takeOver(life);
  };
  return pending === undefined ? ifNone() : pending.then(ifNone);
}

/**
 * Loads the session of the first token that opens one. A browser may send several cookies of the same name,
 * set for other paths or domains. Returns no promise if there is nothing to wait for.
 */
function loadFromTokens(
  life: SessionLifecycle,
  { tokens, earlierTokens }: Pick<SessionHost, 'tokens' | 'earlierTokens'>,
): Promise<void> | void {
  const { session } = life;
  for (let index = 0; index < tokens.length; index += 1) {
    const pending = life.loads.byToken(tokens[index] ?? '');
    if (pending !== undefined) {
      if (index + 1 === tokens.length && earlierTokens === undefined) return pending;
      const rest = tokens.slice(index + 1);
      return pending.then(() => {
        const isSwitched = life.session !== session;
        // If the session is read-only this early, its store failed: trying the next token would delay the
        // request again.
        if (isSwitched || session.base !== null || session.readonly) return;
        return loadFromTokens(life, { tokens: rest, earlierTokens });
      });
    }
    if (session.base !== null) return;
  }
  if (earlierTokens !== undefined) return loadFromTokens(life, { tokens: earlierTokens() });
}
