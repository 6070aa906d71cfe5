import { describeWith } from '../servers/index.js';
import { describeListPages, ownStore } from '../support/list-pages.js';

for (const [name, piece] of [
  ['redis', 'redis'],
  ['PostgreSQL', 'postgres'],
  ['MariaDB', 'mariadb'],
] as const)
  // Redis may return a name twice when its table of names shrinks between two pages.
  describeWith([piece], `A server of ${name}`, () =>
    describeListPages(name, () => ownStore(name), { mayRepeat: name === 'redis' }),
  );
