import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type RecordDriver,
  type SealingDriver,
  type SessionModuleOptions,
  type SessionRecord,
  SessionStoreError,
} from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, type Platform } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';

refuseUnhandledRejections();

/** What plain JavaScript may pass, against the types. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters -- that is its purpose
const untyped = <T>(value: unknown): T => value as T;

async function begin(platform: Platform, options: Partial<SessionModuleOptions>) {
  const lines: string[] = [];
  const say = (...said: unknown[]): number => lines.push(said.map(String).join(' '));
  const app = await HandlerApp.start(platform, {
    options,
    configure: (application) => application.useLogger({ log: () => {}, warn: say, error: say }),
  });
  onTestFinished(() => app[Symbol.asyncDispose]());
  return { app, lines };
}

const stringify = (value: unknown): string => JSON.stringify(value);
const parse = (text: string): unknown => JSON.parse(text);

const SERIALIZERS: readonly [returns: string, serializer: object, named: string][] = [
  ['nothing', { stringify: () => undefined, parse }, 'stringify returned undefined'],
  ['null', { stringify: () => null, parse }, 'stringify returned null'],
  ['bytes', { stringify: () => Buffer.from('secret'), parse }, 'stringify returned a value of type object'],
  [
    'a promise',
    { stringify: async (value: unknown) => stringify(value), parse },
    'stringify returned a promise',
  ],
  [
    'a promise that fails',
    { stringify: () => Promise.reject(new Error('secret')), parse },
    'stringify returned a promise',
  ],
  ['nothing when it reads', { stringify, parse: () => undefined }, 'parse returned undefined'],
  ['a list when it reads', { stringify, parse: () => [] }, 'parse returned a list'],
  ['a number when it reads', { stringify, parse: () => 5 }, 'parse returned a value of type number'],
  [
    'an envelope when it reads',
    { stringify: (value: unknown) => stringify({ json: value }), parse },
    'parse returned something else than stringify was given',
  ],
  [
    'a promise when it reads',
    { stringify, parse: async (text: string) => parse(text) },
    'parse returned a promise',
  ],
];

describe.each(PLATFORMS)('on %s', (platform) => {
  describe.each(['memory', 'stealth'])('a serializer with the driver %s', (driver) => {
    it.each(SERIALIZERS)('fails the commit if it returns %s', async (_returns, serializer, named) => {
      const { app } = await begin(platform, { driver, serializer: untyped(serializer) });
      const { value, cookies } = await app.visitor().handle(
        (session) =>
          session
            .put('a', 1)
            .commit()
            .then(
              () => 'stored',
              (error: unknown) => String(error),
            ),
        { status: 503 },
      );
      expect(value).toMatch(
        /^SessionValueError: The serializer's \w+ returned .*The option 'serializer' takes /,
      );
      expect(value).toContain(named);
      expect(value).not.toContain('secret');
      expect(cookies).toEqual([]);
    });

    it('fails the request if it begins to return promises', async () => {
      const reads: { parse: (text: string) => unknown } = { parse };
      const serializer = { stringify, parse: (text: string) => reads.parse(text) };
      const { app } = await begin(platform, { driver, serializer });
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      reads.parse = async (text) => parse(text);
      const { cookies } = await visitor.handle((session) => session.put('b', 1), { status: 503 });
      expect(cookies).toEqual([]);
      reads.parse = parse;
      expect(await visitor.in((session) => session.all())).toEqual({ a: 1 });
    });
  });

  function changed(changes: Partial<Record<keyof RecordDriver, () => unknown>>): RecordDriver {
    return untyped(Object.assign(new CustomDriver(systemClock), changes));
  }

  const brought = (driver: RecordDriver | SealingDriver): Partial<SessionModuleOptions> => ({
    driver: 'own',
    drivers: { own: { useFactory: () => driver } },
  });

  it.each<[method: 'read' | 'write', what: string, answer: unknown, said: string]>([
    ['write', 'nothing', undefined, 'write() returned undefined; it returns true or false'],
    [
      'write',
      'a result',
      { modified: 0 },
      'write() returned an object of another kind; it returns true or false',
    ],
    ['read', 'text', 'secret', 'read() returned a value of type string; it returns null or a record'],
    [
      'read',
      'something else',
      { data: 'secret' },
      'read() returned an object of another kind; it returns null',
    ],
  ])('logs once that %s of a driver returned %s', async (method, _what, answer, said) => {
    const driver = new CustomDriver(systemClock);
    const { app, lines } = await begin(platform, brought(driver));
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    Object.assign(driver, { [method]: async () => answer });
    await visitor.handle((session) => session.put('b', 1), { status: 503 });
    await visitor.handle((session) => session.put('b', 1), { status: 503 });
    const ofTheDriver = lines.filter((line) => line.includes('The session driver "own" is wrong'));
    expect(ofTheDriver).toHaveLength(1);
    expect(ofTheDriver[0]).toContain(said);
    expect(lines.join()).not.toContain('secret');
  });

  it.each<[what: string, answer: unknown]>([
    ['nothing', undefined],
    ['a list', []],
    ['no cursor, which would begin anew for ever', { records: [] }],
    ['a number for a cursor', { records: [], cursor: 0 }],
    ['records that are none', { records: [{ id: 'x' }], cursor: null }],
    [
      'records without their ids',
      { records: [{ payload: 'secret', version: 1, expiresAt: 9e15 }], cursor: null },
    ],
  ])('rejects if listByUser of a driver returned %s', async (_what, answer) => {
    const { app } = await begin(platform, brought(changed({ listByUser: async () => answer })));
    const said =
      /The session driver "own" is wrong: listByUser\(\) returned .* it returns { records, cursor }/;
    await expect(app.manager.list('ann')).rejects.toThrow(said);
    await expect(app.manager.listPage('ann')).rejects.toThrow(said);
    await expect(app.manager.endAll('ann')).rejects.toThrow(said);
  });

  it('rejects if listByUser of a driver returns the cursor that it was given', async () => {
    const { app } = await begin(
      platform,
      brought(changed({ listByUser: async () => ({ records: [], cursor: 'again' }) })),
    );
    await expect(app.manager.list('ann')).rejects.toThrow(/listByUser\(\) returned .* no page before had/);
  });

  it.each([-1, 1.5, Number.NaN, '4', { count: 'secret' }])(
    'rejects if collectGarbage of a driver returned %j',
    async (answer) => {
      const { app } = await begin(platform, brought(changed({ collectGarbage: async () => answer })));
      const collected = app.manager.collectGarbage();
      await expect(collected).rejects.toThrow(SessionStoreError);
      await expect(collected).rejects.toThrow(
        /"own" is wrong: collectGarbage\(\) returned .* it returns a whole number from 0 on/,
      );
      await expect(collected).rejects.not.toThrow('secret');
    },
  );

  it('treats nothing from collectGarbage as no records removed', async () => {
    const { app } = await begin(platform, brought(changed({ collectGarbage: async () => undefined })));
    expect(await app.manager.collectGarbage()).toBe(0);
  });

  it('ends a session although destroyVersion of its driver returned nothing, and says so', async () => {
    const { app, lines } = await begin(platform, brought(changed({ destroyVersion: async () => undefined })));
    const visitor = app.visitor();
    const { asHeaders } = await visitor.handle((session) => session.put('user', 'ann'));
    await visitor.in((session) => session.destroy());
    const copied = await app.visitor().handle((session) => session.all(), { headers: asHeaders });
    expect(copied.value).toEqual({});
    expect(lines.join()).toContain('is wrong: destroyVersion() returned undefined; it returns true or false');
  });

  it('treats undefined from read as a missing record', async () => {
    const { app } = await begin(platform, brought(changed({ read: async () => undefined })));
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('a', 1).id);
    expect(await visitor.in((session) => session.all())).toEqual({});
    expect(await app.manager.read(id)).toBeNull();
  });

  it.each([true, false])(
    'accepts only a record or nothing from open of a sealing driver (promised: %s)',
    async (promised) => {
      const seal = (record: SessionRecord): string =>
        Buffer.from(JSON.stringify(record)).toString('base64url');
      let answer: unknown;
      const given = (): unknown => (promised ? Promise.resolve(answer) : answer);
      const { app } = await begin(platform, brought(untyped({ seal, open: given })));
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      expect(await visitor.in((session) => session.all())).toEqual({});
      answer = 'secret';
      const { response } = await visitor.handle(() => null, { status: 503 });
      expect(response.text).not.toContain('secret');
    },
  );

  it('stores nothing and sends no cookie on stealth for an id just left, whatever id the request switches to', async () => {
    const { app } = await begin(platform, { driver: 'stealth' });
    const visitor = app.visitor();
    const { asHeaders, value: old } = await visitor.handle((session) => session.put('a', 1).id);
    await visitor.in((session) => session.regenerate().put('user', 'ann').id);
    const switches = [() => old, (own: string) => own, () => 'nobody'];
    for (const idFor of switches) {
      const { cookies } = await app.visitor().handle(
        async (session) => {
          await session.setId(idFor(session.id)).start();
          session.put('late', 1);
        },
        { headers: asHeaders },
      );
      expect(cookies).toEqual([]);
    }
    const { cookies } = await app.visitor().handle(
      async (session) => {
        await session.setId(await session.generateId()).start();
        session.put('late', 1);
      },
      { headers: asHeaders },
    );
    expect(cookies).toEqual([]);
    expect(await visitor.in((session) => session.all())).toEqual({ a: 1, user: 'ann' });
  });
});
