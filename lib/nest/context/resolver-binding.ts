import type { ExternalContextCreator } from '@nestjs/core';
import type { GraphqlSessions } from '../../graphql/graphql-sessions.js';

type Resolver = (...args: unknown[]) => unknown;

/** Index of the argument that tells `create` which context type the function is for. */
const CONTEXT_TYPE = 8;

/**
 * Runs the resolvers of an application in their sessions. Nest creates every resolver with its guards, pipes,
 * interceptors and filters through this creator, whatever the GraphQL library. Call it before Nest creates
 * them. Without GraphQL, no function is wrapped.
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
