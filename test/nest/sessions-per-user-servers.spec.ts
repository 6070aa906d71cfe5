import { describeWith } from '../servers/index.js';
import { describeSessionLimit, sharedStore } from '../support/session-limit.js';

for (const [name, piece] of [
  ['redis', 'redis'],
  ['PostgreSQL', 'postgres'],
  ['MariaDB', 'mariadb'],
] as const)
  describeWith([piece], `A server of ${name}`, () => describeSessionLimit(name, () => sharedStore(name)));
