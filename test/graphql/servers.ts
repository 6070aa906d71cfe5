import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { GqlModuleOptions } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import type { Platform } from '../support/test-app.js';

/** The GraphQL servers over HTTP, as arguments of `describe.each`. @param typeDefs the schema */
export function serversOf(
  typeDefs: string,
): readonly [name: string, platform: Platform, options: GqlModuleOptions][] {
  const apollo: ApolloDriverConfig = { driver: ApolloDriver, typeDefs, graphiql: false };
  const mercurius: MercuriusDriverConfig = { driver: MercuriusDriver, typeDefs };
  return [
    ['Apollo on Express', 'express', apollo],
    ['Apollo on Fastify', 'fastify', apollo],
    ['Mercurius', 'fastify', mercurius],
  ];
}
