import { describe, expect, it } from 'vitest';
import type { RequestSession } from 'nestjs-session-kit';
import { formInput } from '../../lib/session/form-input.js';
import type { HandlerApp } from '../support/handler-app.js';
import { sharedApps } from '../support/shared-apps.js';
import { PLATFORMS } from '../support/test-app.js';

const SECRET_INPUT = 'hunter2';

/** Forms of which only `name` may be shown again. */
const FORMS: [string, object][] = [
  [
    'at the top',
    { name: 'Ada', password: SECRET_INPUT, password_confirmation: SECRET_INPUT, _token: SECRET_INPUT },
  ],
  [
    'in other spellings',
    { name: 'Ada', 'new-password': SECRET_INPUT, PASSWORD: SECRET_INPUT, api_key: SECRET_INPUT },
  ],
  ['in an object', { name: 'Ada', user: { credentials: { currentPassword: SECRET_INPUT } } }],
  ['in a list', { name: 'Ada', accounts: [{ password: SECRET_INPUT }, [{ token: SECRET_INPUT }]] }],
  [
    'under a dotted name',
    { name: 'Ada', 'user.password': SECRET_INPUT, 'user.password.first': SECRET_INPUT },
  ],
  [
    'under a name in brackets',
    { name: 'Ada', 'user[password]': SECRET_INPUT, 'accounts[0][csrf_token]': SECRET_INPUT },
  ],
];

/** A form with a list, and with a field whose name has a dot. */
const ROWS = {
  items: [
    { sku: 'a', pin: 1 },
    { sku: 'b', pin: 2 },
  ],
  'home.town': 'Bath',
};

describe.each(PLATFORMS)('a posted form on %s', (platform) => {
  const start = sharedApps(platform);

  async function flashed(
    app: HandlerApp,
    body: object,
    flash: (session: RequestSession) => unknown,
  ): Promise<object> {
    const visitor = app.visitor();
    await visitor.in(flash, { body });
    return visitor.in((session) => session.flashMessages.all());
  }

  it.each(FORMS)('never shows passwords and tokens again: %s', async (_where, body) => {
    const app = await start();
    const keys = Object.keys(body);
    for (const flash of [
      (session: RequestSession) => session.flashAll(),
      (session: RequestSession) => session.flashOnly(keys),
      (session: RequestSession) => session.flashExcept(['nothing']),
    ]) {
      const input = await flashed(app, body, flash);
      expect(input).toMatchObject({ name: 'Ada' });
      expect(JSON.stringify(input)).not.toContain(SECRET_INPUT);
    }
  });

  it.each(['user[password]', 'user.password', 'password', 'accounts[0][token]'])(
    'never shows %s again when sent URL-encoded by a browser',
    async (field) => {
      const app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.flashAll(), {
        form: { name: 'Ada', [field]: SECRET_INPUT },
      });
      const input = await visitor.in((session) => session.flashMessages.all());
      expect(input).toMatchObject({ name: 'Ada' });
      expect(JSON.stringify(input)).not.toContain(SECRET_INPUT);
    },
  );

  it.each([
    ['userId', { userId: '1', passport: { user: '1' } }, ['userId', 'passport', 'passport.user']],
    ['user.id', { user: { id: '1', name: 'Ada' } }, ['user.id']],
    ['user.id', { 'user.id': '1' }, ['user.id']],
    ['user.id', { 'user[id]': '1' }, ['user.id']],
    ['account.user.id', { 'account.user': { id: '1' } }, ['account.user.id']],
    ['account.user.id', { account: { 'user.id': '1' } }, ['account.user.id']],
  ])('never passes for a signed-in user (userKey %s): %j', async (userKey, form, keys) => {
    const app = await start({ userKey });
    for (const flash of [
      (session: RequestSession) => session.flashAll(),
      (session: RequestSession) => session.flashOnly(Object.keys(form), userKey, 'title'),
      (session: RequestSession) => session.flashExcept('nothing'),
    ]) {
      const visitor = app.visitor();
      const read = (session: RequestSession) => [...keys, 'title'].map((key) => session.get(key));
      const nobody = [...keys.map(() => undefined), 'T'];
      const body = { ...form, title: 'T' };
      expect(await visitor.in((session) => read(flash(session)), { body })).toEqual(nobody);
      expect(await visitor.in(read)).toEqual(nobody);
    }
  });

  it('never shows a password again even if it is asked for by its path', async () => {
    const app = await start();
    const body = { user: { name: 'Ada', password: SECRET_INPUT } };
    expect(await flashed(app, body, (session) => session.flashOnly(['user.name', 'user.password']))).toEqual({
      user: { name: 'Ada' },
    });
  });

  it('shows all other fields again, of every kind', async () => {
    const app = await start();
    const body = {
      name: 'Ada',
      age: 0,
      agreed: false,
      note: '',
      tags: ['a', 'b'],
      address: { city: 'London' },
      none: null,
    };
    expect(await flashed(app, body, (session) => session.flashAll())).toEqual(body);
    expect(
      await flashed(app, body, (session) => session.flashOnly(['address.city', 'age', 'absent'])),
    ).toEqual({
      address: { city: 'London' },
      age: 0,
    });
    expect(
      await flashed(app, body, (session) => session.flashExcept(['address.city', 'tags', 'absent'])),
    ).toEqual({
      name: 'Ada',
      age: 0,
      agreed: false,
      note: '',
      address: {},
      none: null,
    });
  });

  it('is found by the paths and the names of its fields, however they were parsed', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.flashAll(), {
      form: {
        'user[name]': 'Ada',
        'user[address][city]': 'London',
        'tags[]': 'a',
        'items[0][sku]': 'tea',
        'items[1][sku]': 'mug',
      },
    });
    const found = await visitor.in((session) => [
      session.flashMessages.all(),
      session.old('user.name'),
      session.old('user[address][city]'),
      session.old('tags.0'),
      session.old('tags[]'),
      session.old('items.1.sku'),
      session.flashMessages.has('items[0][sku]', 'user.name'),
    ]);
    expect(found).toEqual([
      {
        user: { name: 'Ada', address: { city: 'London' } },
        tags: ['a'],
        items: [{ sku: 'tea' }, { sku: 'mug' }],
      },
      'Ada',
      'London',
      'a',
      ['a'],
      'mug',
      true,
    ]);
  });

  it('is kept in part by the names or the paths of its fields', async () => {
    const app = await start();
    const form = { 'user[name]': 'Ada', 'user[card]': '4000', 'items[0][sku]': 'tea', 'items[0][pin]': '1' };
    const kept = async (flash: (session: RequestSession) => unknown): Promise<object> => {
      const visitor = app.visitor();
      await visitor.in(flash, { form });
      return visitor.in((session) => session.flashMessages.all());
    };
    for (const names of [
      ['user[card]', 'items[0][pin]'],
      ['user.card', 'items.0.pin'],
    ]) {
      expect(await kept((session) => session.flashExcept(names))).toEqual({
        user: { name: 'Ada' },
        items: [{ sku: 'tea' }],
      });
      expect(await kept((session) => session.flashOnly(names))).toEqual({
        user: { card: '4000' },
        items: { 0: { pin: '1' } },
      });
    }
  });

  const pins = { items: { 0: { pin: 1 }, 1: { pin: 2 } } };
  const skus = { items: [{ sku: 'a' }, { sku: 'b' }], 'home.town': 'Bath' };
  it.each<[string, only: object, except: object]>([
    ['items.*.pin', pins, skus],
    ['items[*][pin]', pins, skus],
    ['items[][pin]', pins, skus],
    ['*.0.sku', { items: { 0: { sku: 'a' } } }, { ...ROWS, items: [{ pin: 1 }, { sku: 'b', pin: 2 }] }],
    ['items.*', { items: { 0: ROWS.items[0], 1: ROWS.items[1] } }, { ...ROWS, items: [] }],
    ['*.town', { 'home.town': 'Bath' }, { items: ROWS.items }],
    ['home.*', { 'home.town': 'Bath' }, { items: ROWS.items }],
    ['items.0', { items: { 0: ROWS.items[0] } }, { ...ROWS, items: { 1: ROWS.items[1] } }],
    ['items.*.absent', {}, ROWS],
    ['items.*.pin.*', {}, ROWS],
  ])('is kept in part by a path in which any name or index may stand: %s', async (path, only, except) => {
    const app = await start();
    expect(await flashed(app, ROWS, (session) => session.flashOnly(path))).toEqual(only);
    expect(await flashed(app, ROWS, (session) => session.flashExcept(path))).toEqual(except);
  });

  it('is kept in part by the name of a field in lists of lists', async () => {
    const app = await start();
    const form = { rooms: [[{ bed: 'a', pin: 1 }], [{ bed: 'b', pin: 2 }]] };
    expect(await flashed(app, form, (session) => session.flashExcept('rooms[][][pin]'))).toEqual({
      rooms: [[{ bed: 'a' }], [{ bed: 'b' }]],
    });
  });

  it('is kept for another request by the names of its fields, beside messages with such names', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.flashAll().flash('list[0]', 'mine'), {
      form: { 'user[name]': 'Ada', 'user[city]': 'London' },
    });
    await visitor.in((session) => session.keep('user[name]', 'list[0]'));
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({
      user: { name: 'Ada' },
      'list[0]': 'mine',
    });
  });

  it.each<[string, (session: RequestSession) => unknown, object]>([
    ['flashExcept', (session) => session.flashAll().flashExcept('card'), { name: 'Ada', 'a.b': 1 }],
    ['flashOnly', (session) => session.flashAll().flashOnly('a.b'), { 'a.b': 1 }],
    ['flashAll', (session) => session.flashOnly('name').flashAll(), { name: 'Ada', card: '4000', 'a.b': 1 }],
    ['nothing', (session) => session.flashAll().flashOnly([]), {}],
    [
      'flashExcept after a commit',
      async (session) => {
        await session.flashAll().commit();
        session.flashExcept('card');
      },
      { name: 'Ada', 'a.b': 1 },
    ],
    [
      'flashOnly after a commit and a reload',
      async (session) => {
        await session.flashAll().commit();
        await session.reload();
        session.flashOnly('name');
      },
      { name: 'Ada' },
    ],
  ])('is kept as the last call says: %s', async (_, flash, expected) => {
    const app = await start();
    expect(await flashed(app, { name: 'Ada', card: '4000', 'a.b': 1 }, flash)).toEqual(expected);
  });

  it('shows what was kept last in the same request too', async () => {
    const app = await start();
    const seen = await app
      .visitor()
      .in((session) => session.flashAll().flashExcept('card').all(), { body: { name: 'Ada', card: '4000' } });
    expect(seen).toEqual({ name: 'Ada' });
  });

  it('replaces the fields of an earlier form that is kept beside it', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.flashAll(), { body: { name: 'Ada', note: 'old' } });
    await visitor.in((session) => session.reflash().flashAll().flashOnly('name'), {
      body: { name: 'Grace', card: '4000' },
    });
    expect(await visitor.in((session) => session.flashMessages.all())).toEqual({
      name: 'Grace',
      note: 'old',
    });
  });

  describe.each<[string, object]>([
    ['its name', { errors: 'mine', name: 'Ada' }],
    ['a name with dots', { 'errors.email': 'mine', name: 'Ada' }],
    ['a name in brackets', { 'errors[email]': 'mine', 'errors[admin]': 'mine', name: 'Ada' }],
    ['a path', { errors: { email: 'mine', admin: 'mine' }, name: 'Ada' }],
  ])('does not override a message of the application by %s', (_, body) => {
    const errors = { email: 'Give an e-mail address.' };

    it.each<[string, (session: RequestSession) => unknown]>([
      ['before', (session) => session.flash('errors', errors).flashAll()],
      ['afterwards', (session) => session.flashAll().flash('errors', errors)],
      ['by a path', (session) => session.flash('errors.email', errors.email).flashExcept('errors.admin')],
      [
        'before a commit',
        async (session) => {
          await session.flash('errors', errors).commit();
          session.flashAll();
        },
      ],
    ])('flashed %s', async (when, flash) => {
      const app = await start();
      const visitor = app.visitor();
      const now = await visitor.in(
        async (session) => {
          await flash(session);
          return session.get('errors.email');
        },
        { body },
      );
      const next = await visitor.in((session) => [
        session.flashMessages.get('errors.email'),
        session.old('name'),
        when === 'before a commit' || session.flashMessages.get('errors'),
        session.get('errors.email'),
      ]);
      expect([now, ...next]).toEqual([
        errors.email,
        errors.email,
        'Ada',
        when === 'before a commit' || errors,
        errors.email,
      ]);
    });
  });

  it('is merged with a message of the application into one object', async () => {
    const app = await start();
    const visitor = app.visitor();
    const seen = await visitor.in(
      (session) => {
        session.flashAll().flash('user.email', 'ada@example.org');
        return [session.get('user'), session.old('user.name')];
      },
      { body: { user: { name: 'Ada', email: 'ADA@EXAMPLE.ORG' } } },
    );
    expect(seen).toEqual([{ name: 'Ada', email: 'ada@example.org' }, undefined]);
    expect(await visitor.in((session) => session.old('user'))).toEqual({
      name: 'Ada',
      email: 'ada@example.org',
    });
  });

  it('is filled in again with the typed values', async () => {
    const app = await start();
    const visitor = app.visitor();
    await visitor.in((session) => session.flashAll(), {
      body: { email: 'a@example.org', user: { name: 'Ada' } },
    });
    expect(
      await visitor.in((session) => [
        session.old('email'),
        session.old('user.name', ''),
        session.old('city', 'Paris'),
      ]),
    ).toEqual(['a@example.org', 'Ada', 'Paris']);
  });

  it('hides the fields that the option names in place of the default ones', async () => {
    const app = await start({ flash: { except: ['iban', 'Card_Number'] } });
    const body = { iban: SECRET_INPUT, payment: { cardNumber: SECRET_INPUT }, password: 'shown' };
    expect(await flashed(app, body, (session) => session.flashAll())).toEqual({
      payment: {},
      password: 'shown',
    });
  });

  it('is empty if the body is a list or missing', async () => {
    const app = await start();
    expect(await flashed(app, ['a', 'b'], (session) => session.flashAll())).toEqual({});
    const visitor = app.visitor();
    const { cookies } = await visitor.handle((session) =>
      session.flashAll().flashOnly(['a']).flashExcept(['b']),
    );
    expect(cookies).toEqual([]);
  });
});

it('formInput can neither reach a prototype nor fail because of what a visitor sent', () => {
  const body: unknown = JSON.parse(
    '{"name":"Ada","__proto__":{"polluted":1},"a":{"constructor":{"prototype":{"polluted":1}}},"x.__proto__.y":1}',
  );
  expect(formInput(body, () => false)).toEqual({ name: 'Ada', a: {} });
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});

class Upload {
  name = 'picture.png';
}

describe('the flashed input of a form', () => {
  const input = (body: unknown): object => formInput(body, (field) => field === 'password');

  it('consists of text, numbers, booleans, null, and lists and objects of those, and omits all else', () => {
    const bare: Record<string, unknown> = Object.assign(Object.create(null), { a: 1 });
    expect(
      input({
        text: '',
        zero: 0,
        no: false,
        none: null,
        list: ['a', Buffer.from('x'), 'b', [new Upload()]],
        bare,
        file: new Upload(),
        bytes: Buffer.from('x'),
        stream: new ReadableStream(),
        date: new Date(0),
        map: new Map([['a', 1]]),
        run: () => 1,
        mark: Symbol('mark'),
        big: 1n,
        infinite: Number.POSITIVE_INFINITY,
        no_number: Number.NaN,
        absent: undefined,
      }),
    ).toEqual({ text: '', zero: 0, no: false, none: null, list: ['a', 'b', []], bare: { a: 1 } });
  });

  it('contains each object once, even if it contains itself or occurs several times', () => {
    const address: Record<string, unknown> = { city: 'London' };
    address['of'] = [address, { address }];
    expect(input({ home: address, work: address, list: [address] })).toEqual({
      home: { city: 'London', of: [{}] },
      list: [],
    });
  });

  it('contains the values of multipart fields, and of each that shares a name', () => {
    const fields: Record<string, unknown> = {};
    const part = (fieldname: string, value: string) => ({ type: 'field', fieldname, value, fields });
    fields['name'] = part('name', 'Ada');
    fields['tags'] = [part('tags', 'a'), { type: 'file', fieldname: 'tags', fields }, part('tags', 'b')];
    fields['picture'] = {
      type: 'file',
      fieldname: 'picture',
      filename: 'a.png',
      fields,
      _buf: Buffer.from('x'),
    };
    fields['password'] = part('password', SECRET_INPUT);
    expect(input(fields)).toEqual({ name: 'Ada', tags: ['a', 'b'] });
    expect(input({ ...fields })).toEqual({ name: 'Ada', tags: ['a', 'b'] });
  });

  it('contains an object as it is if a visitor made it look like such a field', () => {
    const body = { name: { type: 'field', value: 'Ada', fields: { name: 'x' } } };
    expect(input(body)).toEqual(body);
  });

  it.each<[object, object]>([
    [
      { 'a[b]': 1, a: 'taken' },
      { a: 'taken', 'a.b': 1 },
    ],
    [{ 'a[]': [1, 2], 'a[5]': 3 }, { a: { 0: 1, 1: 2, 5: 3 } }],
    [{ 'a[1]': 'x', 'a[0]': 'y' }, { a: ['y', 'x'] }],
    [{ 'a[][b]': 1 }, { a: [{ b: 1 }] }],
    [{ 'a[b]': 1, a: { c: 2 } }, { a: { c: 2, b: 1 } }],
    [
      { 'a[b': 1, '[c]': 2, 'd]e': 3 },
      { 'a[b': 1, '[c]': 2, 'd]e': 3 },
    ],
    [{ 'a[__proto__][b]': 1, 'a[password]': 2 }, {}],
  ])('is nested according to the names of the fields: %j', (body, expected) => {
    expect(input(body)).toEqual(expected);
  });
});

it.each([['text'], [null], [undefined], [1], [new Date(0)], [Buffer.from('x')]])(
  'formInput finds no fields in %s',
  (body) => {
    expect(formInput(body, () => false)).toEqual({});
  },
);
