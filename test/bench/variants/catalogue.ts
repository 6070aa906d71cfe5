import type { Budget, Variant } from './variant.js';

const atMost = (none: number, read: number, write: number): Budget => ({ none, read, write });

const express = 'express' as const;
const fastify = 'fastify' as const;

/** All applications in the benchmark, in the order of the tables. */
export const catalogue: readonly Variant[] = [
  {
    name: 'bare-express',
    label: 'bare Nest on Express',
    platform: express,
    hasNoSession: true,
    isBare: true,
    load: async () => (await import('./bare.js')).bare(express),
  },
  {
    name: 'intercepted-express',
    label: 'an interceptor that does nothing',
    platform: express,
    hasNoSession: true,
    load: async () => (await import('./bare.js')).intercepted(express),
  },
  {
    name: 'express-memory',
    label: 'ours, memory',
    platform: express,
    isOurs: true,
    budget: atMost(0.1, 0.35, 0.6),
    load: async () => (await import('./ours.js')).ours(express, 'memory'),
  },
  {
    name: 'express-stealth',
    label: 'ours, stealth',
    platform: express,
    isOurs: true,
    budget: atMost(0.1, 0.35, 1),
    load: async () => (await import('./ours.js')).ours(express, 'stealth'),
  },
  {
    name: 'express-encrypt',
    label: 'ours, memory, encrypt',
    platform: express,
    isOurs: true,
    load: async () => (await import('./ours.js')).ours(express, 'memory', { encrypt: true }),
  },
  {
    name: 'express-events',
    label: 'ours, memory, events heard',
    platform: express,
    isOurs: true,
    load: async () => {
      const [{ heard }, { ours }] = await Promise.all([import('./heard.js'), import('./ours.js')]);
      return heard(ours(express, 'memory'));
    },
  },
  {
    name: 'express-session',
    label: 'express-session, memory',
    platform: express,
    load: async () => (await import('./express-session.js')).expressSession('memory'),
  },
  {
    name: 'cookie-session',
    label: 'cookie-session',
    platform: express,
    load: async () => (await import('./cookie-session.js')).cookieSession(),
  },
  {
    name: 'iron-session',
    label: 'iron-session',
    platform: express,
    load: async () => (await import('./iron-session.js')).ironSession(),
  },
  {
    name: 'express-redis',
    label: 'ours, redis',
    platform: express,
    isOurs: true,
    isStore: true,
    needsRedis: true,
    budget: atMost(0.1, 0.5, 1.2),
    load: async () => (await import('./ours.js')).ours(express, 'redis'),
  },
  {
    name: 'express-ledger',
    label: 'ours, stealth, ledger in redis',
    platform: express,
    isOurs: true,
    isStore: true,
    needsRedis: true,
    load: async () => (await import('./ours.js')).ours(express, 'ledger'),
  },
  {
    name: 'express-redis-encrypt',
    label: 'ours, redis, encrypt',
    platform: express,
    isOurs: true,
    isStore: true,
    needsRedis: true,
    load: async () => (await import('./ours.js')).ours(express, 'redis', { encrypt: true }),
  },
  {
    name: 'connect-redis',
    label: 'express-session, connect-redis',
    platform: express,
    isStore: true,
    needsRedis: true,
    load: async () => (await import('./express-session.js')).expressSession('connect-redis'),
  },
  {
    name: 'express-database',
    label: 'ours, database (SQLite)',
    platform: express,
    isOurs: true,
    isStore: true,
    load: async () => (await import('./ours.js')).ours(express, 'database'),
  },
  {
    name: 'connect-typeorm',
    label: 'express-session, connect-typeorm (SQLite)',
    platform: express,
    isStore: true,
    load: async () => (await import('./express-session.js')).expressSession('connect-typeorm'),
  },
  {
    name: 'express-file',
    label: 'ours, file',
    platform: express,
    isOurs: true,
    isStore: true,
    load: async () => (await import('./ours.js')).ours(express, 'file'),
  },
  {
    name: 'session-file-store',
    label: 'express-session, session-file-store',
    platform: express,
    isStore: true,
    load: async () => (await import('./express-session.js')).expressSession('session-file-store'),
  },
  {
    name: 'bare-fastify',
    label: 'bare Nest on Fastify',
    platform: fastify,
    hasNoSession: true,
    isBare: true,
    load: async () => (await import('./bare.js')).bare(fastify),
  },
  {
    name: 'intercepted-fastify',
    label: 'an interceptor that does nothing',
    platform: fastify,
    hasNoSession: true,
    load: async () => (await import('./bare.js')).intercepted(fastify),
  },
  {
    name: 'fastify-memory',
    label: 'ours, memory',
    platform: fastify,
    isOurs: true,
    budget: atMost(0.05, 0.35, 0.7),
    load: async () => (await import('./ours.js')).ours(fastify, 'memory'),
  },
  {
    name: 'fastify-stealth',
    label: 'ours, stealth',
    platform: fastify,
    isOurs: true,
    budget: atMost(0.05, 0.35, 1.1),
    load: async () => (await import('./ours.js')).ours(fastify, 'stealth'),
  },
  {
    name: 'fastify-session',
    label: '@fastify/session, memory',
    platform: fastify,
    load: async () => (await import('./fastify-session.js')).fastifySession(),
  },
  {
    name: 'secure-session',
    label: '@fastify/secure-session',
    platform: fastify,
    load: async () => (await import('./fastify-session.js')).fastifySecureSession(),
  },
];

/** @throws Error that lists the known names if there is none of this name */
export function findVariant(name: string): Variant {
  const found = catalogue.find((variant) => variant.name === name);
  if (found === undefined) {
    throw new Error(
      `There is no variant "${name}". Known: ${catalogue.map((variant) => variant.name).join(', ')}`,
    );
  }
  return found;
}
