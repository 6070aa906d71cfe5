import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  NoSessionError,
  SessionError,
  SessionLimitError,
  SessionReadonlyError,
  SessionStoreError,
} from 'nestjs-session-kit';
import { readonlySession } from '../lib/session/wording.js';

class StoreError extends SessionStoreError {}
class ReadonlyError extends SessionReadonlyError {}

const CLASSES = [
  SessionError,
  SessionStoreError,
  SessionLimitError,
  SessionReadonlyError,
  NoSessionError,
  StoreError,
  ReadonlyError,
];

describe('An error', () => {
  it.each<[string, Error, string[]]>([
    ['of a store', new SessionStoreError('text'), ['SessionError', 'SessionStoreError']],
    ['of a limit', new SessionLimitError(2), ['SessionError', 'SessionLimitError']],
    ['of a read-only session', readonlySession('chosen'), ['SessionError', 'SessionReadonlyError']],
    ['of a degraded session', readonlySession('degraded'), ['SessionError', 'SessionReadonlyError']],
    ['of an own class', new StoreError('text'), ['SessionError', 'SessionStoreError', 'StoreError']],
    [
      'of an own class for read-only sessions',
      new ReadonlyError('text'),
      ['SessionError', 'SessionReadonlyError', 'ReadonlyError'],
    ],
  ])('%s is one of its own classes and of no other', (_, error, classes) => {
    expect(CLASSES.filter((each) => error instanceof each).map(({ name }) => name)).toEqual(classes);
  });

  it.each([
    [new SessionStoreError('text'), 'SessionStoreError: text', '{ statusCode: 503 }'],
    [readonlySession('degraded'), 'SessionReadonlyError: ', '{ statusCode: 503 }'],
    [new StoreError('text'), 'StoreError: text', '{ statusCode: 503 }'],
  ])('is logged with its name and status, and nothing internal', (error, head, fields) => {
    const logged = inspect(error, { breakLength: Infinity });
    expect(logged.startsWith(head)).toBe(true);
    expect(logged.replace(/\s+/g, ' ').endsWith(` ${fields}`)).toBe(true);
  });
});
