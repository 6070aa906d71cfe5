import { SessionModule, type RedisConnectionOptions } from 'nestjs-session-kit';

const secret = 'x';
const { REDIS_URL } = process.env;

// @ts-expect-error -- nothing says where to connect
SessionModule.forRoot({ secret, redis: {} });
// @ts-expect-error -- nothing says where to connect
SessionModule.forRoot({ secret, redis: { prefix: 'shop:', password: 'p' } });
// @ts-expect-error -- the name of the master is missing
SessionModule.forRoot({ secret, redis: { sentinels: [{ host: 'a' }] } });
// @ts-expect-error -- the driver decides this itself
SessionModule.forRoot({ secret, redis: { host: 'a', lazyConnect: true } });
// @ts-expect-error -- a port is no list
SessionModule.forRoot({ secret, redis: { port: [] } });

SessionModule.forRoot({ secret, redis: { url: 'redis://localhost', prefix: 'shop:', family: 6 } });
SessionModule.forRoot({ secret, redis: { host: 'a', port: 6379, password: 'p', tls: {} } });
SessionModule.forRoot({ secret, redis: { port: 6379 } });
SessionModule.forRoot({ secret, redis: { path: '/run/redis.sock' } });
SessionModule.forRoot({ secret, redis: { sentinels: [{ host: 'a' }], name: 'main' } });
// @ts-expect-error -- the variable may not be set
SessionModule.forRoot({ secret, redis: { url: REDIS_URL } });

const connection: RedisConnectionOptions = { host: 'a' };
SessionModule.forRoot({ secret, redis: { ...connection, prefix: 'shop:' } });

// The others have a default for each of their options.
SessionModule.forRoot({ secret, memory: {}, file: {}, database: {}, memcached: {}, stealth: {} });
