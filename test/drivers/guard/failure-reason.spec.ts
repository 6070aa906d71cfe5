import { describe, expect, it } from 'vitest';
import { failureReason } from '../../../lib/drivers/guard/failure-reason.js';

/** An error with the properties that a client adds. */
function failure(message: string, properties: object = {}, cause?: unknown): Error {
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), properties);
}

const reply = (message: string): Error => failure(message, { name: 'ReplyError' });

describe('the reason in the log when a store fails', () => {
  it.each<[what: string, error: unknown, reason: string]>([
    ['a full Redis', reply("OOM command not allowed when used memory > 'maxmemory'."), 'OOM'],
    ['a replica', reply("READONLY You can't write against a read only replica."), 'READONLY'],
    ['a missing password', reply('NOAUTH Authentication required.'), 'NOAUTH'],
    ['an error of Redis without a word of its own', reply("ERR unknown command 'secret'"), 'ERR'],
    [
      'an error out of a script, as Redis 7 says it',
      reply('OOM command not allowed. script: secret, on @user_script:1.'),
      'OOM',
    ],
    [
      'an error out of a script, as Redis 6 says it',
      reply(
        "ERR Error running script (call to f_secret): @user_script:9: @user_script: 9: -READONLY You can't write",
      ),
      'READONLY',
    ],
    [
      'a script that is not allowed to, as Redis 7 says it',
      reply(
        "ERR The user executing the script can't run this command or subcommand script: secret, on @user_script:1.",
      ),
      'NOPERM',
    ],
    ['an error reply of node-redis', new (class SimpleError extends Error {})('BUSY Redis is busy'), 'BUSY'],
    ['a word of nobody who is known', failure('SECRET is the password'), 'Error'],
    [
      'the last node of a cluster',
      failure('all failed', {
        name: 'ClusterAllFailedError',
        lastNodeError: reply('LOADING Redis is loading'),
      }),
      'LOADING',
    ],
    ['a full PostgreSQL', failure('secret', { code: '53100', severity: 'ERROR' }), '53100'],
    [
      'a full MariaDB',
      failure('secret', { code: 'ER_DISK_FULL', errno: 1021, sqlState: 'HY000' }),
      'ER_DISK_FULL, SQLSTATE HY000',
    ],
    [
      'a full SQLite, behind an error of TypeORM',
      failure('secret', { driverError: failure('secret', { code: 'SQLITE_FULL' }) }),
      'SQLITE_FULL',
    ],
    [
      'a full memcached',
      failure('SERVER_ERROR out of memory storing object secret'),
      'SERVER_ERROR out of memory',
    ],
    ['another failure of memcached', failure('SERVER_ERROR secret'), 'SERVER_ERROR'],
    [
      'a full disk, behind what came of it',
      failure('secret', { code: 'ENOENT' }, failure('x', { code: 'ENOSPC' })),
      'ENOSPC',
    ],
    ['a number for a code, as MongoDB has them', failure('secret', { code: 11_600 }), 'code 11600'],
    ['a code that may be an id or a sentence', failure('x', { code: 'secret of the shop' }), 'Error'],
    ['no code at all', failure('x', {}, new TypeError('secret')), 'TypeError'],
    ['what is no error', 'secret', ''],
  ])('is the error code: %s', (_what, error, reason) => {
    expect(failureReason(error)).toBe(reason);
  });

  it('is found even if causes form a cycle', () => {
    const [one, other] = [new Error('one'), new Error('other')];
    one.cause = other;
    other.cause = one;
    expect(failureReason(one)).toBe('Error');
  });
});
