import { assert, constantFrom, integer, option, property, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packRecord, repackExpiry, unpackRecord } from '../../lib/drivers/packed-record.js';
import { anyCharacter } from '../support/any-character.js';

const sample = {
  payload: '{"a":"é😀\\n"}\nmore',
  expiresAt: 1_700_000_000_000,
  version: 3,
  lastActivity: 0,
  userId: 'u\n1',
  ipAddress: null,
  userAgent: 'Mozilla "5.0"',
};

const number = integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const text = option(string({ unit: anyCharacter, maxLength: 20 }));
const records = record({
  payload: string({ unit: constantFrom('a', '\n', '"', '0', 'é', '😀', '\ud800', '\udfff', '\0') }),
  expiresAt: number,
  version: number,
  lastActivity: number,
  userId: text,
  ipAddress: text,
  userAgent: text,
});

describe('a packed record', () => {
  it('unpacks to the original record, whatever its texts and numbers', () => {
    assert(
      property(records, (original) => {
        expect(unpackRecord(packRecord(original))).toEqual(original);
      }),
    );
  });

  it('survives UTF-8 encoding, lone surrogates included', () => {
    const original = { ...sample, payload: 'a\ud800b\udfff' };
    const sent = Buffer.from(packRecord(original), 'utf8').toString('utf8');
    expect(unpackRecord(sent)).toEqual(original);
  });

  it('is invalid when truncated at any place, or longer than it was', () => {
    const packed = packRecord(sample);
    for (let length = 0; length < packed.length; length++) {
      expect(unpackRecord(packed.slice(0, length))).toBeNull();
    }
    expect(unpackRecord(`${packed}.`)).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['foreign text', '{"cookie":{"originalMaxAge":7200000}}'],
    ['another format', `9${packRecord(sample).slice(1)}`],
    ['a client that is no list', packRecord({ ...sample, userId: 'x' }).replace('["x"', '{"x"')],
    ['a user that is no text', packRecord({ ...sample, userId: 'x' }).replace('["x"', '[{}')],
  ])('is invalid when it is %s', (_what, foreign) => {
    expect(unpackRecord(foreign)).toBeNull();
  });

  it('gets another expiry without any other change', () => {
    expect(unpackRecord(repackExpiry(packRecord(sample), 5))).toEqual({ ...sample, expiresAt: 5 });
  });
});
