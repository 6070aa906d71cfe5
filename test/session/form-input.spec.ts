import { describe, expect, it } from 'vitest';
import type { RequestSession } from 'nestjs-session-kit';
import { formInput } from '../../lib/session/form-input.js';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

const SECRET_INPUT = 'hunter2';

/** Forms in which nothing but `name` may be shown again. */
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

describe.each(PLATFORMS)('a posted form on %s', (platform) => {
  const start = (options: HandlerAppSetup['options'] = {}) => HandlerApp.start(platform, { options });

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
    await using app = await start();
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
    'never shows %s again, sent by a browser as it sends forms',
    async (field) => {
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.flashAll(), {
        form: { name: 'Ada', [field]: SECRET_INPUT },
      });
      const input = await visitor.in((session) => session.flashMessages.all());
      expect(input).toMatchObject({ name: 'Ada' });
      expect(JSON.stringify(input)).not.toContain(SECRET_INPUT);
    },
  );

  it('never shows one field of it again even where it is asked for by its path', async () => {
    await using app = await start();
    const body = { user: { name: 'Ada', password: SECRET_INPUT } };
    expect(await flashed(app, body, (session) => session.flashOnly(['user.name', 'user.password']))).toEqual({
      user: { name: 'Ada' },
    });
  });

  it('shows everything else again, of every kind', async () => {
    await using app = await start();
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

  it('is filled in again with what was typed', async () => {
    await using app = await start();
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

  it('may name other fields that are never shown again: they replace the usual ones', async () => {
    await using app = await start({ flash: { except: ['iban', 'Card_Number'] } });
    const body = { iban: SECRET_INPUT, payment: { cardNumber: SECRET_INPUT }, password: 'shown' };
    expect(await flashed(app, body, (session) => session.flashAll())).toEqual({
      payment: {},
      password: 'shown',
    });
  });

  it('is none where the body is a list, or there is no body', async () => {
    await using app = await start();
    expect(await flashed(app, ['a', 'b'], (session) => session.flashAll())).toEqual({});
    const visitor = app.visitor();
    const { cookies } = await visitor.handle((session) =>
      session.flashAll().flashOnly(['a']).flashExcept(['b']),
    );
    expect(cookies).toEqual([]);
  });
});

it('cannot reach a prototype, nor fail because of what a visitor sent', () => {
  const body: unknown = JSON.parse(
    '{"name":"Ada","__proto__":{"polluted":1},"a":{"constructor":{"prototype":{"polluted":1}}},"x.__proto__.y":1}',
  );
  expect(formInput(body, () => false)).toEqual({ name: 'Ada', a: {} });
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});

it.each([['text'], [null], [undefined], [1], [new Date(0)], [Buffer.from('x')]])(
  'has no fields: %s',
  (body) => {
    expect(formInput(body, () => false)).toEqual({});
  },
);
