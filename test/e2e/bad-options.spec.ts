import { type DynamicModule, type INestApplication, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  SessionConfigError,
  SessionManager,
  SessionModule,
  type SessionModuleOptions,
} from 'nestjs-session-kit';
import { SECRET } from '../support/test-app.js';

/** Options as an application without types, or with a wrong environment, might give them. */
type Given = Record<string, unknown>;

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.allSettled(open.splice(0).map((app) => app.close()));
});

async function boot(options: unknown): Promise<void> {
  const module = SessionModule.forRoot(options as SessionModuleOptions);
  const testing = await Test.createTestingModule({ imports: [module] }).compile();
  const app = testing.createNestApplication({ logger: false });
  open.push(app);
  await app.init();
}

/** As a factory or a class without types may be. */
async function compileAsync(options: Given): Promise<unknown> {
  const module = SessionModule.forRootAsync(options);
  return Test.createTestingModule({ imports: [module] }).compile();
}

const withSecret = (options: Given): Given => ({ secret: SECRET, driver: 'memory', ...options });

async function complaintAbout(options: unknown): Promise<string> {
  const outcome: unknown = await boot(options).then(
    () => 'booted',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(SessionConfigError);
  return (outcome as SessionConfigError).message;
}

/** Each option, values that it does not take, and what the error has to say besides the option's name. */
const WRONG: readonly [option: string, values: readonly unknown[], takes: RegExp][] = [
  ['driver', ['', 5, null, {}, ['memory'], true], /takes the name of a driver/],
  [
    'age',
    [0, -1, Number.NaN, Infinity, '', ' ', 'soon', '-2h', '0', true, null, {}, 4e12, '200y', '1h'.repeat(60)],
    /takes milliseconds above zero, or text such as '30s'/,
  ],
  [
    'header',
    ['', ' ', 'X Session', 'X-Session:', 'X-Séssion', 'X\r\nY', 5, null, true, {}, ['X-Session']],
    /takes the name of a header that nothing else uses, such as 'X-Session'/,
  ],
  [
    'header',
    [
      'Cookie',
      'set-cookie',
      'Authorization',
      'Host',
      'Content-Type',
      'ETag',
      'If-Match',
      'X-Forwarded-For',
      'Sec-Session',
      'X-Requested-With',
    ],
    /which has a meaning of its own; it takes the name of a header that nothing else uses/,
  ],
  ['absoluteAge', [0, -1, Infinity, 'never', null, {}], /takes milliseconds above zero/],
  ['clearWithBrowser', ['yes', 1, 0, null, {}], /takes true or false/],
  ['automaticTouch', ['true', 1, null], /takes true or false/],
  ['touchEvery', [-1, 'often', Number.NaN, null, false], /takes milliseconds from zero on/],
  [
    'serializer',
    ['json', null, {}, { stringify: String }, { parse: String }, { stringify: 1, parse: 2 }, []],
    /takes an object with the functions stringify and parse/,
  ],
  ['exclude', ['/health', {}, null, 5], /takes a list such as/],
  ['exclude', [[5], [null], [{}], [{ path: 5 }]], /has an entry that is/],
  ['exclude', [['/a('], ['/*']], /is no path/],
  ['exclude', [Array(1)], /has an entry that is undefined/],
  ['exclude.methods', [['/x', { path: '/x', methods: 'GET' }]], /does not exist. Known are path, method/],
  ['passive.methods', [[{ path: /^.x/, methods: 'GET' }]], /does not exist. Known are path, method/],
  ['storeTimeout', [0, -5, 'x', null, Infinity], /takes milliseconds above zero/],
  ['whenStoreFails', ['ignore', true, null, ''], /takes 'reject' or 'degrade'/],
  ['gc', [0, true, null, 'never', -1], /takes milliseconds above zero.*, or false\./],
  ['sockets', ['10s', null, 5, []], /takes an object such as/],
  ['sockets.checkEvery', [{ checkEvery: 0 }, { checkEvery: true }, { checkEvery: 'never' }], /or false\./],
  ['sockets.every', [{ every: 5 }], /does not exist. Known are checkEvery/],
  ['flash', ['password', null, 5, []], /takes an object such as/],
  ['flash.except', [{ except: 'password' }, { except: null }], /takes a list of field names/],
  ['flash.except[1]', [{ except: ['pin', 5] }], /got 5; it takes the name of a field/],
  ['flash.exept', [{ exept: [] }], /does not exist. Known are except/],
  ['userKey', ['', 5, null, ['userId']], /takes the path of a session value/],
  ['userKey', ['__proto__', 'user.constructor'], /takes the path of a session value/],
  ['recordClient', ['no', 0, null], /takes true or false/],
  ['drivers', ['memory', null, [], 5], /takes an object of drivers by name/],
  [
    'drivers.mine',
    [{ mine: null }, { mine: 5 }, { mine: 'x' }, { mine: Date }],
    /takes { useClass } or { useFactory, inject }/,
  ],
  [
    'drivers.mine',
    [{ mine: {} }, { mine: { useFactory: 5 } }, { mine: { useClass: 'x' } }],
    /takes { useClass } or { useFactory, inject }/,
  ],
  [
    'drivers.mine',
    [{ mine: { useFactory: () => ({}), useClass: Date } }, { mine: { useClass: Date, inject: [] } }],
    /got (useFactory and useClass|useClass and inject); it takes { useClass } or { useFactory, inject }/,
  ],
  [
    'drivers.mine.injects',
    [{ mine: { useFactory: () => ({}), injects: ['CLIENT'] } }],
    /does not exist. Known are useClass, useFactory, inject/,
  ],
  ['drivers.mine.inject', [{ mine: { useFactory: () => ({}), inject: 'CLIENT' } }], /takes a list/],
  ['cookie', ['session', null, 5, []], /takes an object such as/],
  ['cookie.name', [{ name: '' }, { name: 5 }, { name: null }], /takes text/],
  [
    'cookie.path',
    [{ path: '' }, { path: 5 }, { path: 'shop' }, { path: ' /' }],
    /takes a path that begins with a slash/,
  ],
  ['cookie.domain', [{ domain: '' }, { domain: true }], /takes text/],
  ['cookie.httpOnly', [{ httpOnly: 'yes' }, { httpOnly: 1 }, { httpOnly: null }], /takes true or false/],
  ['cookie.secure', [{ secure: 'auto' }, { secure: 0 }], /takes true or false/],
  ['cookie.partitioned', [{ partitioned: 'x' }], /takes true or false/],
  [
    'cookie.sameSite',
    [{ sameSite: 'Lax' }, { sameSite: 'off' }, { sameSite: 1 }, { sameSite: '' }],
    /takes 'lax', 'strict', 'none', true or false/,
  ],
  [
    'cookie.priority',
    [{ priority: 'highest' }, { priority: 1 }, { priority: true }],
    /takes 'low', 'medium' or 'high'/,
  ],
  ['cookie.maxAge', [{ maxAge: 5 }], /does not exist. Known are name, path, domain, .*the option 'age'/],
  ['cookie.formerly', [{ formerly: {} }, { formerly: '/shop' }, { formerly: null }], /takes a list such as/],
  [
    'cookie.formerly[1]',
    [null, '/shop', ['/shop'], 5].map((entry) => ({ formerly: [{ path: '/shop' }, entry] })),
    /takes an object such as { name, path, domain }/,
  ],
  [
    'cookie.formerly[0].secure',
    [{ formerly: [{ secure: true }] }],
    /does not exist. Known are name, path, domain/,
  ],
  [
    'cookie.formerly[0].path',
    ['', 5, null, 'shop'].map((path) => ({ formerly: [{ path }] })),
    /takes a path that begins with a slash/,
  ],
  [
    'cookie.formerly[0]',
    [
      { name: 'sid', formerly: [{ name: 'sid' }] },
      { name: 'sid', formerly: [{}] },
      { name: 'sid', path: '/shop', formerly: [{ path: '/shop' }] },
      { name: 'sid', domain: 'Shop.test', formerly: [{ path: '/', domain: '.shop.test' }] },
    ],
    /names the place where the cookie is now: name "sid".*It takes what 'name', 'path' or 'domain' were before/,
  ],
  [
    'cookie.formerly[0]',
    [{ formerly: [{}] }, { formerly: [{ path: '/' }] }, { path: '/shop', formerly: [{ path: '/shop' }] }],
    /names the place where the cookie is now: name "session"/,
  ],
  [
    'cookie.formerly[0]',
    [
      { secure: true, path: '/shop', formerly: [{ name: '__Host-s', path: '/shop' }] },
      { secure: true, formerly: [{ name: '__Host-s', domain: 'shop.test' }] },
      { secure: false, formerly: [{ name: '__Host-s' }] },
    ],
    /"__Host-s" needs secure: true, path '\/' and no domain/,
  ],
  [
    'cookie.formerly[0].name',
    [{ formerly: [{ name: 'a b' }] }],
    /cannot be written as a cookie; it takes letters/,
  ],
  [
    'cookie.name',
    [{ name: 'a b' }, { name: 'a;b' }, { name: 'ä' }],
    /cannot be written as a cookie; it takes letters/,
  ],
  [
    'cookie.domain',
    [{ domain: 'https://shop.test' }, { domain: 'shop.test:80' }],
    /it takes a host name in ASCII/,
  ],
  ['cookie.path', [{ path: '/a;b' }, { path: '/ä' }], /it takes a path in ASCII/],
  ['stealth', ['x', null, [], 5], /takes an object such as/],
  [
    'stealth.maxCookies',
    [{ maxCookies: 0 }, { maxCookies: 4 }, { maxCookies: 1.5 }, { maxCookies: '2' }, { maxCookies: null }],
    /takes a whole number from 1 to 3/,
  ],
  ['stealth.maxCookie', [{ maxCookie: 2 }], /does not exist. Known are maxCookies/],
  ['memory', ['x', 5, []], /takes an object/],
  ['memory.max', [{ max: 0 }, { max: -1 }, { max: 1.5 }, { max: '10' }], /takes a whole number/],
  ['file', ['/tmp', 5], /takes an object/],
  ['file.location', [{ location: 5 }, { location: '' }], /takes the path of a folder/],
  ['redis', ['redis://127.0.0.1', 5], /takes an object/],
  ['redis', [{}, { prefix: 'a:' }], /takes an object: { client }/],
  [
    'redis.url',
    ['redis://h:99999', 'redis://h:undefined', 'redis://[::1', 'redis://:p%ZZ@h', 'redis://h/x'].map(
      (url) => ({ url }),
    ),
    /it takes /,
  ],
  ['redis.port', [{ host: 'h', port: 'x' }, { port: 99_999 }], /takes a whole number from 1 to 65535/],
  ['redis.host', [{ host: 5 }, { host: '' }], /takes the name or address of a host/],
  [
    'redis.db',
    [
      { host: 'h', db: 'x' },
      { host: 'h', db: -1 },
    ],
    /takes the number of a database/,
  ],
  ['memcached', ['127.0.0.1', { client: {}, servers: 'a:1' }], /takes/],
  ['database', ['postgres', 5], /takes an object/],
  ['database.dataSource', [{ dataSource: 5 }, { dataSource: null }], /takes a DataSource/],
];

const DRIVERS = ['memory', 'file', 'redis', 'memcached', 'database'];

/** The options with a wrong value under a name that may have dots. */
function wrongOptions(option: string, value: unknown): Given {
  const [root = option] = option.split(/[.[]/);
  // A driver checks its own options, and only if it is the one in use.
  return withSecret({ ...(DRIVERS.includes(root) ? { driver: root } : {}), [root]: value });
}

const cases = WRONG.flatMap(([option, values, takes]) =>
  values.map((value): [string, string, unknown, RegExp] => [option, shown(value), value, takes]),
);

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

describe('A wrong option stops the boot', () => {
  it.each(cases)('%s: %s', async (option, _shown, value, takes) => {
    const message = await complaintAbout(wrongOptions(option, value));
    expect(message).toMatch(takes);
    expect(message).toMatch(new RegExp(`(^|\\W)${option.replaceAll(/[.[\]]/g, String.raw`\$&`)}\\W`));
  });

  it('and the error shows the value, even if JSON cannot express it', async () => {
    expect(await complaintAbout(withSecret({ age: 5n }))).toContain("'age' got 5n; it takes");
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, '5'],
    ['secret', 'a text'],
    [[SECRET], 'a list'],
  ])('also if a factory returns %j instead of options', async (options, got) => {
    const message = `forRootAsync returned ${got}; it has to return an object with at least 'secret'`;
    await expect(compileAsync({ useFactory: () => options })).rejects.toThrow(message);
    class Options {
      createSessionOptions = () => options;
    }
    await expect(compileAsync({ useClass: Options })).rejects.toThrow(message);
  });

  it.each([undefined, null, 'secret', [[SECRET]]])('also if forRoot and forRootAsync get %j', (options) => {
    const given = options as never;
    expect(() => SessionModule.forRoot(given)).toThrow(
      /forRoot got .*; it takes an object with at least 'secret'/,
    );
    expect(() => SessionModule.forRootAsync(given)).toThrow(/forRootAsync got .*; it takes \{ useFactory/);
  });

  it('also if forRoot and forRootAsync get a promise of options', () => {
    const options = Promise.resolve({ secret: SECRET }) as never;
    const message = /got an object of Promise; it takes .* Await it, or return it from the useFactory of/;
    expect(() => SessionModule.forRoot(options)).toThrow(message);
    expect(() => SessionModule.forRootAsync(options)).toThrow(message);
  });

  it('also if forRootAsync is not told how to make the options', () => {
    expect(() => SessionModule.forRootAsync({})).toThrow(SessionConfigError);
    expect(() => SessionModule.forRootAsync({})).toThrow(/got nothing; .*useFactory.*useClass.*useExisting/);
    expect(() => SessionModule.forRootAsync({ secret: SECRET, driver: 'file' } as never)).toThrow(
      /got secret, driver; it takes .* Plain options go to SessionModule.forRoot\./,
    );
  });

  it('also if forRootAsync is told in several ways, or in a misspelt one', () => {
    const useFactory = () => ({ secret: SECRET });
    class Options {
      createSessionOptions = useFactory;
    }
    expect(() => SessionModule.forRootAsync({ useFactory, useClass: Options })).toThrow(
      /got useFactory, useClass; it takes { useFactory, inject }, { useClass } or { useExisting }/,
    );
    expect(() => SessionModule.forRootAsync({ useFactory, injects: [] } as never)).toThrow(
      "SessionModule.forRootAsync got 'injects', which nothing reads.",
    );
    expect(() => SessionModule.forRootAsync({ useFactory, isGlobal: true } as never)).toThrow(
      "got 'isGlobal', which nothing reads: the module is always global",
    );
    expect(() => SessionModule.forRootAsync({ useFactory, useClass: undefined } as never)).not.toThrow();
  });

  it.each(['useClass', 'useExisting'])('also if the class under %s makes no options', async (how) => {
    @Injectable()
    class Settings {
      createOptions = () => ({ secret: SECRET });
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    const compiled = compileAsync({ imports: [SettingsModule], [how]: Settings });
    await expect(compiled).rejects.toThrow(SessionConfigError);
    await expect(compiled).rejects.toThrow(
      `forRootAsync got ${how}: Settings, which has no method createSessionOptions`,
    );
  });

  it.each(['alone', 'beside forRoot'])(
    'also if SessionModule is imported without options, %s',
    async (how) => {
      const given = how === 'alone' ? [] : [SessionModule.forRoot({ secret: SECRET })];
      const compiled = Test.createTestingModule({ imports: [...given, SessionModule] }).compile();
      await expect(compiled).rejects.toThrow(SessionConfigError);
      await expect(compiled).rejects.toThrow(/without options. Import SessionModule.forRoot\(.*once.*global/);
    },
  );

  it('and the error says what it got', async () => {
    expect(await complaintAbout(withSecret({ age: 'soon' }))).toContain('got "soon"');
    expect(await complaintAbout(withSecret({ age: 0 }))).toContain('got 0');
    expect(await complaintAbout(withSecret({ gc: true }))).toContain('got true');
    expect(await complaintAbout(withSecret({ cookie: null }))).toContain('got null');
    expect(await complaintAbout(withSecret({ exclude: {} }))).toContain('got an object');
    expect(await complaintAbout(withSecret({ driver: 'redis', redis: { prefix: 'a:' } }))).toContain(
      'got prefix;',
    );
  });

  it('also if the options come from a factory', async () => {
    const module = SessionModule.forRootAsync({ useFactory: async () => ({ secret: SECRET, age: 'soon' }) });
    await expect(Test.createTestingModule({ imports: [module] }).compile()).rejects.toThrow(
      /^The option 'age' got "soon"; it takes milliseconds above zero/,
    );
  });

  it('but not if it is undefined, as optional settings are', async () => {
    const undefinedOnes = Object.fromEntries(
      WRONG.map(([option]) => [option.split('.')[0] ?? '', undefined]),
    );
    await expect(boot({ ...undefinedOnes, secret: SECRET })).resolves.toBeUndefined();
  });
});

describe('The secret', () => {
  const short = 'hunter2-hunter2-hunter2-hunter2';

  it.each([
    ['missing', {}, /'secret' got nothing/],
    ['null', { secret: null }, /'secret' got null/],
    ['a number', { secret: 123_456_789 }, /'secret' got a number/],
    ['left out', {}, /environment variable.*may not be set: Node does not read \.env by itself/],
    ['empty', { secret: '' }, /'secret' got an empty text.*Node does not read \.env by itself/],
    ['one character short', { secret: short }, /'secret' got 31 characters/],
    ['an empty list', { secret: [] }, /'secret' got an empty list/],
    ['a list with a short one', { secret: [SECRET, short] }, /'secret\[1\]' got 31 characters/],
    ['a list with an empty one', { secret: [SECRET, ''] }, /'secret\[1\]' got an empty text/],
    ['a list with a hole', { secret: [SECRET, undefined] }, /'secret\[1\]' got nothing/],
    ['a list of holes', { secret: Array(2) }, /'secret\[0\]' got nothing/],
    ['an object', { secret: { key: short } }, /'secret' got an object/],
    [
      'a repetition',
      { secret: 'hunter2-'.repeat(4) },
      /'secret' got text that repeats the same 8 characters, so others/,
    ],
    [
      'a placeholder',
      { secret: 'your-secret-here: not hunter2, please' },
      /'secret' got text that is a placeholder, so others/,
    ],
    [
      'a list with a placeholder that is to go',
      { secret: [SECRET, 'change me, hunter2, into something else'] },
      /'secret\[1\]' got text that is a placeholder, so others/,
    ],
  ])('is refused if it is %s, and never shown', async (_what, options, expected) => {
    const message = await complaintAbout(options);
    expect(message).toMatch(expected);
    expect(message).toMatch(/; it takes text of 32 characters or more/);
    expect(message).not.toMatch(/hunter2|123456789/);
  });

  it('is not shown in the error about another option either', async () => {
    const everything = await Promise.all(
      cases.map(([option, , value]) => complaintAbout(wrongOptions(option, value))),
    );
    expect(everything.filter((message) => message.includes(SECRET))).toEqual([]);
  });

  it('of a store is not shown: neither a password in a URL nor one beside it', async () => {
    const redis = { url: 'https://user:hunter2@127.0.0.1:1' };
    expect(await complaintAbout(withSecret({ driver: 'redis', redis }))).not.toContain('hunter2');
    const doubled = { client: {}, password: 'hunter2' };
    expect(await complaintAbout(withSecret({ driver: 'redis', redis: doubled }))).not.toContain('hunter2');
  });
});

describe('A driver that cannot be used', () => {
  it('stops the boot if it is unknown, and the error lists the known ones with those of the application', async () => {
    @Injectable()
    class Memory {
      read = async () => null;
      write = async () => true;
      touch = async () => true;
      destroy = async () => undefined;
    }
    const message = await complaintAbout(
      withSecret({ driver: 'mongo', drivers: { mine: { useClass: Memory } } }),
    );
    expect(message).toMatch(/no session driver "mongo"/);
    expect(message).toContain('Known are memory, file, database, redis, memcached, stealth, mine');
  });

  it.each(['__proto__', 'constructor', 'toString', 'Memory', ' memory'])(
    'stops the boot if it has the unknown name %j',
    async (driver) => {
      expect(await complaintAbout(withSecret({ driver }))).toContain(`no session driver "${driver}"`);
    },
  );

  it('stops the boot if it lacks a method or is no object', async () => {
    class Half {
      read = async () => null;
      write = async () => true;
    }
    expect(
      await complaintAbout(withSecret({ driver: 'half', drivers: { half: { useClass: Half } } })),
    ).toMatch(/"half" lacks touch, destroy/);
    for (const made of [null, 5, 'redis', undefined]) {
      const drivers = { half: { useFactory: () => made } };
      expect(await complaintAbout(withSecret({ driver: 'half', drivers }))).toMatch(
        /"half" is no object \(it is /,
      );
    }
    const sealing = { half: { useFactory: () => ({ seal: () => '' }) } };
    expect(await complaintAbout(withSecret({ driver: 'half', drivers: sealing }))).toMatch(
      /"half" lacks open/,
    );
  });

  it('stops the boot if no module provides its dependencies', async () => {
    const drivers = { mine: { useFactory: () => ({}), inject: ['CLIENT'] } };
    expect(await complaintAbout(withSecret({ driver: 'mine', drivers }))).toMatch(
      /'drivers.mine.inject' names CLIENT, which no module of the application provides/,
    );
  });
});

describe('An unknown option', () => {
  it.each(['ages', 'secrets', 'cookies', 'maxAge', 'store', 'mongo'])('stops the boot: %s', async (name) => {
    const message = await complaintAbout(withSecret({ [name]: 'x' }));
    expect(message).toContain(`Unknown option '${name}'`);
    expect(message).toContain('secret, driver, age, absoluteAge, clearWithBrowser, cookie, ');
    expect(message).toContain('memory, file, database, redis, memcached, stealth');
  });

  it('stops the boot with what takes its place here, if another library has it', async () => {
    const message = await complaintAbout(withSecret({ store: {}, resave: false, genid: 1, mongo: 1 }));
    expect(message).toMatch(
      /In place of 'store' there is the option 'driver'\. In place of 'resave' there is nothing: leave it out\. In place of 'genid' there is nothing: leave it out\.$/,
    );
  });

  it.each([
    ['drivr', 'driver'],
    ['cookies', 'cookie'],
    ['toucheVery', 'touchEvery'],
    ['reddis', 'redis'],
    ['flahs', 'flash'],
    ['secrte', 'secret'],
    ['Age', 'age'],
  ])('stops the boot with the option whose name is like its own: %s', async (name, like) => {
    const said = `In place of '${name}' there is the option '${like}'.`;
    expect(await complaintAbout(withSecret({ [name]: 'x' }))).toContain(said);
  });

  it.each(['ca', 'tag', 'page', 'gcp'])(
    'stops the boot without such advice if it is a short word: %s',
    async (name) => {
      expect(await complaintAbout(withSecret({ [name]: 'x' }))).not.toContain('In place of');
    },
  );

  const whole = { secret: SECRET, age: '1h', driver: 'memory' };

  it.each([
    [
      'session',
      { session: whole },
      "'session' does not exist. What it got are options of the session module (secret, age, driver): pass them directly",
    ],
    [
      'default',
      { default: { secret: SECRET }, driver: 'memory' },
      "'default' does not exist. What it got are options",
    ],
    [
      'one beside others',
      { database: { url: 'x' }, app: { port: 1 }, session: whole },
      "'session' does not exist. What",
    ],
    ['keys', { keys: [SECRET] }, "'keys' does not exist. In place of 'keys' there is the option 'secret'."],
    [
      'secrets',
      { secrets: [SECRET], driver: 'memory' },
      "In place of 'secrets' there is the option 'secret'.",
    ],
    ['Secret', { Secret: SECRET }, "In place of 'Secret' there is the option 'secret'."],
    [
      'useFactory',
      { useFactory: () => whole },
      "In place of 'useFactory' there is SessionModule.forRootAsync.",
    ],
    [
      'cookie',
      { cookie: { secret: SECRET } },
      "'cookie.secret' does not exist: 'secret' is an option of the module, beside 'cookie'.",
    ],
  ])('that has the secret is named before the secret is said to be missing: %s', async (_, options, said) => {
    const message = await complaintAbout(options);
    expect(message).toContain(said);
    expect(message).not.toContain(SECRET);
    await expect(compileAsync({ useFactory: () => options })).rejects.toThrow(said);
  });

  it.each([
    ['another library', { store: {}, resave: false }],
    ['the driver in use', { driver: 'session', session: { secret: SECRET } }],
    ['a driver that is there to be used', { drivers: { session: {} }, session: { secret: SECRET } }],
    ['the ledger', { stealth: { ledger: 'session' }, session: { secret: SECRET } }],
    ['a driver that a module may provide', { vault: { age: '1h', header: 'x-vault' }, driver: 'memory' }],
  ])('of %s explains no missing secret', async (_, options) => {
    expect(await complaintAbout(options)).toMatch(/^The option 'secret' got nothing/);
  });

  it('with options in it is said to have them, if the secret is where it belongs', async () => {
    expect(await complaintAbout(withSecret({ session: { age: '1h', gc: false, other: 1 } }))).toMatch(
      /Unknown option 'session'.* What it got are options of the session module \(age, gc\): pass them directly, without 'session' around them\.$/,
    );
  });

  it.each([
    [
      { driver: { name: 'redis' } },
      "'driver' got an object; it takes the name of a driver, such as 'redis'; its options go under that name: redis: { ... }.",
    ],
    [
      { drivers: { redis: { url: 'redis://h' } } },
      "'drivers.redis.url' does not exist. Known are useClass, useFactory, inject: 'drivers' makes drivers of your own, and the options of a driver go under its name, beside 'drivers'.",
    ],
    [
      { driver: 'memory', url: 'redis://h' },
      "In place of 'url' there is an option under the name of the driver: redis: { ... }, database: { ... }.",
    ],
    [{ driver: 'memory', store: { url: 'redis://h' } }, "In place of 'store' there is the option 'driver'."],
  ])('of a driver is said to be under the name of the driver: %j', async (options, said) => {
    expect(await complaintAbout(withSecret(options))).toContain(said);
  });

  it('is accepted if a driver of the application has that name', async () => {
    const useFactory = (config: unknown): object => ({
      config,
      read: async () => null,
      write: async () => true,
      touch: async () => true,
      destroy: async () => undefined,
    });
    const options = withSecret({ driver: 'mongo', mongo: { url: 'x' }, drivers: { mongo: { useFactory } } });
    await expect(boot(options)).resolves.toBeUndefined();
  });
});

describe('Contradicting attributes of the cookie', () => {
  it.each([
    [{ sameSite: 'none' }, /sameSite 'none' needs secure: true/],
    [{ partitioned: true }, /partitioned: true needs secure: true/],
    [
      { name: '__Host-s', secure: true, path: '/shop' },
      /"__Host-s" needs secure: true, path '\/' and no domain/,
    ],
    [{ name: '__Host-s', secure: true, domain: 'example.com' }, /"__Host-s" needs/],
    [{ name: '__Secure-s', secure: false }, /"__Secure-s" needs secure: true/],
    [{ name: 'a b' }, /cannot be written as a cookie/],
    [{ domain: 'example.com; Path=/' }, /cannot be written as a cookie/],
    [{ name: 'n'.repeat(4000) }, /name and attributes take/],
  ])('stop the boot: %j', async (cookie, expected) => {
    expect(await complaintAbout(withSecret({ cookie }))).toMatch(expected);
  });
});

describe('The option cookie.formerly', () => {
  it.each([
    ['names and paths', { formerly: [{ name: 'sid' }, { path: '/shop' }, { name: 'sid', path: '/shop' }] }],
    ['the host alone, where there is a domain now', { domain: 'shop.test', formerly: [{}] }],
    ['the root, where there is a path now', { path: '/shop', formerly: [{}] }],
    [
      'a name that only a host can set, where there is a path and a domain now',
      { name: 's', secure: true, path: '/a', domain: 'shop.test', formerly: [{ name: '__Host-session' }] },
    ],
    // One configuration for production and for a developer's machine.
    ['the default name of the other environment', { formerly: [{ name: 'session' }] }],
    ['a name that the other environment allows', { name: 's', formerly: [{ name: '__Host-session' }] }],
  ])('accepts %s', async (_what, cookie) => {
    await expect(boot(withSecret({ cookie }))).resolves.toBeUndefined();
  });
});

describe('Two modules with options', () => {
  const sessions = (secret = SECRET) => SessionModule.forRoot({ secret, driver: 'memory' });
  const sessionsAsync = () =>
    SessionModule.forRootAsync({ useFactory: () => ({ secret: SECRET, driver: 'memory' }) });

  async function start(...imports: DynamicModule[]): Promise<INestApplication> {
    @Module({ imports: imports.slice(1) })
    class FeatureModule {}
    const testing = await Test.createTestingModule({
      imports: [...imports.slice(0, 1), FeatureModule],
    }).compile();
    const app = testing.createNestApplication({ logger: false });
    open.push(app);
    return app.init();
  }

  it.each([
    ['forRoot twice', () => [sessions(), sessions(SECRET.toUpperCase())]],
    ['forRootAsync twice', () => [sessionsAsync(), sessionsAsync()]],
    ['forRoot and forRootAsync', () => [sessions(), sessionsAsync()]],
  ])('stop the boot: %s', async (_what, imports) => {
    const started = start(...imports());
    await expect(started).rejects.toThrow(SessionConfigError);
    await expect(started).rejects.toThrow(
      /imported twice.* Import SessionModule\.forRoot\(\.\.\.\).* once.* global/,
    );
  });

  it('are accepted if one and the same module is imported in several places', async () => {
    const once = sessions();
    const app = await start(once, once);
    expect(app.get(SessionManager, { strict: false })).toBeInstanceOf(SessionManager);
  });

  it('are accepted in two applications of one process', async () => {
    const [one, other] = await Promise.all([start(sessions()), start(sessions(SECRET.toUpperCase()))]);
    expect(one.get(SessionManager, { strict: false })).not.toBe(other.get(SessionManager, { strict: false }));
  });
});

describe('A module whose options cannot be made', () => {
  it('stops the boot with the error that its own factory threw', async () => {
    const module = SessionModule.forRootAsync({
      useFactory: () => {
        throw new Error('no such variable');
      },
    });
    @Module({ imports: [module] })
    class App {}
    await expect(Test.createTestingModule({ imports: [App] }).compile()).rejects.toThrow('no such variable');
  });
});
