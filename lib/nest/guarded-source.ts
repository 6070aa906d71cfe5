import type { StoreGuard } from '../drivers/guard/store-guard.js';
import type { FormerSession, SessionSource } from '../lifecycle/taking-over/session-source.js';

/**
 * A source of former sessions whose store is called by the same rules as any other: within the time limit, and not while it has
 * stopped answering. Its sessions are told apart from those of other sources.
 */
export function guardedSource(source: SessionSource, guard: StoreGuard): SessionSource {
  const guarded = (former: FormerSession): FormerSession => {
    const key = former.key === null ? null : `${source.name} ${former.key}`;
    // A guard tells servers apart by it, and a store of others is one.
    const id = key ?? '';
    const remove = former.remove?.bind(former);
    return {
      key,
      isOfUser: former.isOfUser === true,
      load: () => guard.run('reading', id, {}, () => former.load()),
      ...(remove === undefined ? {} : { remove: () => guard.run('removing', id, {}, remove) }),
    };
  };
  return {
    name: source.name,
    cookies: source.cookies,
    find: (valuesOf) => {
      const former = source.find(valuesOf);
      return former === null ? null : guarded(former);
    },
  };
}
