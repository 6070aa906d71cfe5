import type { Variant } from '../variants/variant.js';

/** The applications whose updates are counted. The other libraries use the same store as ours. */
export const updateVariants: readonly Variant[] = [
  {
    name: 'updates-ours',
    label: 'nestjs-session-kit, redis',
    platform: 'express',
    isOurs: true,
    needsRedis: true,
    load: async () => (await import('./ours.js')).countWithOurs,
  },
  {
    name: 'updates-express-session',
    label: 'express-session, connect-redis',
    platform: 'express',
    needsRedis: true,
    load: async () => (await import('./express-session.js')).countWithExpressSession,
  },
];
