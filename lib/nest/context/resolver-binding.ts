import type { ExternalContextCreator } from '@nestjs/core';
import type { GraphqlSessions } from '../../graphql/graphql-sessions.js';

type Resolver = (...args: unknown[]) => unknown;

/** Where `create` is told what it makes a function for. */
const CONTEXT_TYPE = 8;

/**
 * Has the resolvers of an application run in their sessions. Nest makes each of them, with its guards, pipes, interceptors
 * and filters, by way of this creator, whichever GraphQL library they are called by. To be called before it does; where
 * there is no GraphQL, nothing is made by it for that.
 */
export function bindResolvers(creator: ExternalContextCreator, sessions: GraphqlSessions): void {
  const create = creator.create.bind(creator);
  const value = (...args: Parameters<typeof create>): Resolver => {
    const resolver: Resolver = create(...args);
    if (args[CONTEXT_TYPE] !== 'graphql') return resolver;
    return (...called) => sessions.run(called, () => resolver(...called));
  };
  Object.defineProperty(creator, 'create', { value, writable: true, configurable: true });
}
