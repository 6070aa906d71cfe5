import {
  type ArgumentsHost,
  BadRequestException,
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  NotFoundException,
  Post,
  Query,
  UseFilters,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Type } from 'class-transformer';
import { ArrayNotEmpty, IsEmail, IsInt, IsString, Length, ValidateNested } from 'class-validator';
import request from 'supertest';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  Flash,
  FlashMessages,
  FormErrorsFilter,
  InvalidFormException,
  RequestSession,
  Session,
  SessionConfigError,
  SessionValueError,
  type SessionRecord,
  SessionTooLargeError,
  invalidForm,
} from 'nestjs-session-kit';
import { sessionsOf } from 'nestjs-session-kit/testing';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';
import { FormOf, NEST_HAS_SCHEMA_PIPE, schemaPipes } from './schema-pipe.js';

class Line {
  @IsInt({ message: 'Give a whole number.' })
  count!: number;
}

class Address {
  @IsString()
  @Length(2, 20)
  street!: string;
}

class OrderForm {
  @IsEmail({}, { message: 'An address looks like name@example.com.' })
  email!: string;

  @ValidateNested()
  @Type(() => Address)
  address: Address = new Address();

  @ValidateNested({ each: true })
  @ArrayNotEmpty()
  @Type(() => Line)
  lines: Line[] = [];
}

const zodOrder = z.object({
  email: z.email('An address looks like name@example.com.'),
  address: z.object({ street: z.string().min(2, 'Too short.') }),
  lines: z.array(z.object({ count: z.number('Give a whole number.') })),
});

const valibotOrder = v.object({
  email: v.pipe(v.string(), v.email('An address looks like name@example.com.')),
  address: v.object({ street: v.pipe(v.string(), v.minLength(2, 'Too short.')) }),
  lines: v.array(v.object({ count: v.number('Give a whole number.') })),
});

const WRONG = {
  email: 'nobody',
  password: 'hidden',
  address: { street: 'x' },
  lines: [{ count: 1 }, { count: 'x' }],
};

const exact = { exceptionFactory: invalidForm };

/** How the application answers errors that are not about forms. */
@Catch()
class OwnFilter {
  catch(error: HttpException, host: ArgumentsHost): void {
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(body: object): void } }>();
    response.status(error.getStatus()).send({ own: error.message });
  }
}

@Controller()
class FormsController {
  @Get('form')
  show(@Flash() messages: FlashMessages, @Session() session: RequestSession) {
    return {
      errors: messages.errors(),
      hasErrors: messages.hasErrors,
      email: session.old('email', ''),
      old: session.old('address.street', null),
      second: session.old('lines[1][count]', null),
      password: session.old('password', null),
      status: messages.get('status', null),
      oldStatus: session.old('status', null),
      messages: messages.all(),
      readable: { ...session.all(), ...session.except('status') },
    };
  }

  @Post('class-validator')
  @UsePipes(new ValidationPipe(exact))
  classValidator(@Body() _form: OrderForm) {}

  @Post('zod')
  @UsePipes(...schemaPipes(exact))
  zod(@FormOf(zodOrder) _form: unknown) {}

  @Post('valibot')
  @UsePipes(...schemaPipes(exact))
  valibot(@FormOf(valibotOrder) _form: unknown) {}

  @Post('plain/class-validator')
  @UsePipes(new ValidationPipe())
  plainClassValidator(@Body() _form: OrderForm) {}

  @Post('plain/grouped')
  @UsePipes(new ValidationPipe({ errorFormat: 'grouped', errorHttpStatusCode: 422 }))
  plainGrouped(@Body() _form: OrderForm) {}

  @Post('plain/zod')
  @UsePipes(...schemaPipes())
  plainZod(@FormOf(zodOrder) _form: unknown) {}

  @Post('plain/valibot')
  @UsePipes(...schemaPipes())
  plainValibot(@FormOf(valibotOrder) _form: unknown) {}

  @Post('thrown')
  thrown(@Session() session: RequestSession) {
    session.increment('failures');
    throw new InvalidFormException({ '': 'They do not match.', 'lines[0][sku]': ['Gone.', 'Sold out.'] });
  }

  @Post('said')
  said(@Session() session: Session, @Body('fields') fields: number, @Body('kept') kept: number) {
    session.put('kept', 'k'.repeat(kept));
    const names = Array.from({ length: fields }, (_, at) => `line${at}`);
    throw new InvalidFormException(Object.fromEntries(names.map((name) => [name, ['ü'.repeat(3_000), 'x']])));
  }

  @Post('status')
  status(@Session() session: RequestSession) {
    session.flash('status', 'flashed');
    throw new InvalidFormException({ email: 'Taken.' });
  }

  @Post('flash-all')
  flashAll(@Session() session: RequestSession) {
    session.flashAll();
  }

  @Post('fixed')
  @UseFilters(new FormErrorsFilter({ form: '/form?from=fixed', fallback: '/nowhere' }))
  fixed() {
    throw new InvalidFormException({ email: 'Taken.' });
  }

  @Post('found')
  @UseFilters(
    new FormErrorsFilter({
      form: ({ body }) =>
        typeof body === 'object' && body !== null ? Reflect.get(body, 'backTo') : undefined,
      fallback: '/form',
    }),
  )
  found() {
    throw new InvalidFormException({ email: 'Taken.' });
  }

  @Post('otherwise')
  @UseFilters(new FormErrorsFilter({ otherwise: new OwnFilter() }))
  otherwise() {
    throw new InvalidFormException({ email: 'Taken.' });
  }

  @Get('search')
  @UsePipes(new ValidationPipe(exact))
  search(@Query() _query: OrderForm) {}

  @Post('refused')
  refused() {
    throw new BadRequestException('Not like this.');
  }

  @Post('passwords')
  @UsePipes(...schemaPipes(exact))
  passwords(
    @FormOf(
      v.object({
        password: v.pipe(v.string(), v.regex(/^\d+$/)),
        pin: v.pipe(
          v.string(),
          v.minLength(3, ({ input }) => `'${input}' is too short.`),
        ),
      }),
    )
    _form: unknown,
  ) {}

  @Post('wordless')
  wordless() {
    throw new InvalidFormException({});
  }

  @Post('gone')
  gone() {
    throw new NotFoundException(['not here']);
  }

  @Post('excluded')
  excluded() {
    throw new InvalidFormException({ email: 'Taken.' });
  }
}

const PAGE = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe.each(PLATFORMS)('FormErrorsFilter on %s', (platform) => {
  let app: TestApp;
  let without: TestApp;

  beforeAll(async () => {
    const setup = { controllers: [FormsController], options: { exclude: ['/excluded'] } };
    without = await TestApp.start(platform, setup);
    app = await TestApp.start(platform, {
      ...setup,
      // Nest asks the last one first.
      configure: (nest) => void nest.useGlobalFilters(new OwnFilter(), new FormErrorsFilter()),
    });
  });

  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await without[Symbol.asyncDispose]();
  });

  const referer = (path: string) => `${app.url}${path}`;

  /** Posts a form from the page /form, as a browser does. */
  async function refused(path: string, form: object = WRONG, headers: Record<string, string> = {}) {
    const visitor = app.visitor();
    const response = await visitor
      .post(path)
      .set({ Accept: PAGE, Referer: referer('/form'), ...headers })
      .send(form)
      .redirects(0);
    return { visitor, status: response.status, location: String(response.headers['location']) };
  }

  describe.each(['class-validator', 'zod', 'valibot'])('with %s', (kind) => {
    it('redirects back to the form with its errors by field, nested ones too, and the old input', async () => {
      const { visitor, status, location } = await refused(`/${kind}`);
      expect([status, location]).toEqual([303, '/form']);
      const { body } = await visitor.get('/form').expect(200);
      expect(body).toMatchObject({
        hasErrors: true,
        errors: {
          email: ['An address looks like name@example.com.'],
          'address.street': [expect.any(String)],
          'lines.1.count': ['Give a whole number.'],
        },
        email: 'nobody',
        old: 'x',
        second: 'x',
        password: null,
      });
      expect(Object.keys(body.errors)).toHaveLength(3);
    });

    it('shows errors and old input once', async () => {
      const { visitor } = await refused(`/${kind}`);
      await visitor.get('/form').expect(200);
      expect((await visitor.get('/form')).body).toMatchObject({ hasErrors: false, errors: {}, email: '' });
    });

    it('shows no errors or old input among all messages, nor in all of the session', async () => {
      const { visitor } = await refused(`/${kind}`);
      const { hasErrors, messages, readable } = (await visitor.get('/form')).body;
      expect([hasErrors, messages, readable]).toEqual([true, {}, {}]);
    });

    it('answers an API client exactly as Nest does without the filter', async ({ skip }) => {
      skip(kind !== 'class-validator' && !NEST_HAS_SCHEMA_PIPE, 'Nest 11 has no pipe for schemas');
      const api = request(app.url).post(`/${kind}`).set('Accept', 'application/json');
      const usual = await request(without.url).post(`/plain/${kind}`).send(WRONG).expect(400);
      await api.send(WRONG).expect(400, usual.body);
    });
  });

  it('needs no invalidForm if the messages themselves name the fields', async () => {
    const ofSchemas = NEST_HAS_SCHEMA_PIPE ? ['/plain/zod'] : [];
    for (const path of ['/plain/class-validator', '/plain/grouped', ...ofSchemas]) {
      const { visitor, status } = await refused(path);
      expect([path, status]).toEqual([path, 303]);
      const { errors } = (await visitor.get('/form')).body;
      expect(Object.keys(errors), path).toContain('address.street');
      // Under whichever field, the message is there to be shown.
      expect(JSON.stringify(errors), path).toContain('An address looks like name@example.com.');
    }
  });

  it('shows the errors that a handler throws, for fields and for the whole form, and commits its other changes', async () => {
    const { visitor } = await refused('/thrown');
    expect((await visitor.get('/form')).body).toMatchObject({
      errors: { '': ['They do not match.'], 'lines.0.sku': ['Gone.', 'Sold out.'] },
    });
    expect((await sessionsOf(app.app).of(await visitor.get('/form'))).values).toEqual({ failures: 1 });
    const api = {
      statusCode: 400,
      error: 'Bad Request',
      message: ['They do not match.', 'Gone.', 'Sold out.'],
    };
    await request(app.url).post('/thrown').expect(400, api);
  });

  it('lets a test read its errors after a response, and seed them before a page', async () => {
    const sessions = sessionsOf(app.app);
    const response = await app.visitor().post('/status').set('Accept', PAGE).send({ email: 'mine' });
    expect(await sessions.of(response)).toMatchObject({
      flash: { status: 'flashed' },
      errors: { email: ['Taken.'] },
      old: { email: 'mine' },
    });
    const visitor = await sessions.sign(
      app.visitor(),
      {},
      { errors: { email: 'Taken.' }, old: { email: 'mine' } },
    );
    expect((await visitor.get('/form')).body).toMatchObject({
      hasErrors: true,
      errors: { email: ['Taken.'] },
      email: 'mine',
    });
  });

  it('never takes a submitted field for errors or old input, whatever its name', async () => {
    const visitor = app.visitor();
    const named = {
      errors: { email: 'planted' },
      old: { email: 'planted' },
      _errors: { email: ['planted'], city: ['planted'] },
      _old: { email: 'planted' },
      '_errors[email][]': 'planted',
      hasErrors: 'planted',
      flashMessages: 'planted',
      email: 'mine',
    };
    await visitor.post('/thrown').set('Accept', PAGE).send(named).expect(303);
    const { body } = await visitor.get('/form');
    expect(Object.keys(body.errors).toSorted()).toEqual(['', 'lines.0.sku']);
    expect(body.email).toBe('mine');
    // Fields that the application flashes itself are ordinary messages.
    await visitor.post('/flash-all').send(named).expect(201);
    expect((await visitor.get('/form')).body).toMatchObject({ hasErrors: false, errors: {}, email: 'mine' });
  });

  it('lets old() prefer the old input to a flash message of the same name, and fall back to the message', async () => {
    const { visitor } = await refused('/status', { status: 'typed' });
    expect((await visitor.get('/form')).body).toMatchObject({ status: 'flashed', oldStatus: 'typed' });
    const other = await refused('/status', { email: 'typed' });
    expect((await other.visitor.get('/form')).body).toMatchObject({
      status: 'flashed',
      oldStatus: 'flashed',
    });
  });

  it('redirects to the page of the form, if the browser names it and it is on this site', async () => {
    const { host } = new URL(app.url);
    const to = async (headers: Record<string, string>) => (await refused('/thrown', WRONG, headers)).location;
    expect(await to({ Referer: `http://${host}/products/tea?size=l#top` })).toBe('/products/tea?size=l');
    expect(await to({ Referer: 'https://evil.example/form' })).toBe('/');
    expect(await to({ Referer: `http://${host}.evil.example/form` })).toBe('/');
    expect(await to({ Referer: `http://${host}//evil.example/form` })).toBe('/');
    expect(await to({ Referer: `http://${host}/\\evil.example` })).toBe('/');
    expect(await to({ Referer: 'about:blank' })).toBe('/');
    expect(await to({ Referer: 'javascript:alert(1)' })).toBe('/');
    expect(await to({ Referer: '' })).toBe('/');
    // A proxy hides the host: the browser says whether the site is the same.
    const hidden = { Referer: 'https://shop.example/form', 'Sec-Fetch-Site': 'same-origin' };
    expect(await to(hidden)).toBe('/form');
    expect(await to({ ...hidden, 'Sec-Fetch-Site': 'cross-site' })).toBe('/');
  });

  it.each([{ 'HX-Boosted': 'true' }, {}])(
    'redirects a form sent by htmx back to its page, with the headers %o',
    async (sent) => {
      const host = new URL(app.url).host;
      const visitor = app.visitor();
      const headers = { ...sent, 'HX-Request': 'true', Accept: '*/*' };
      const current = `http://${host}/form?step=2`;
      const send = (more: object) =>
        visitor
          .post('/thrown')
          .set({ ...headers, ...more })
          .type('form')
          .send({ email: 'mine' });
      const refusedForm = await send({ Referer: current }).expect(303);
      expect(refusedForm.headers['location']).toBe('/form?step=2');
      const { body } = await visitor.get('/form').set(headers).expect(200);
      expect(body).toMatchObject({ hasErrors: true, email: 'mine' });
      for (const more of [
        { 'HX-Current-URL': current },
        { 'HX-Current-URL': current, Referer: `http://${host}/` },
      ])
        expect((await send(more)).headers['location']).toBe('/form?step=2');
      expect((await send({ 'HX-Current-URL': 'https://evil.example/form' })).headers['location']).toBe('/');
      await visitor.get('/search').set(headers).expect(400);
    },
  );

  it('redirects to the page that the option `form` names or finds, if it is on this site', async () => {
    expect((await refused('/fixed')).location).toBe('/form?from=fixed');
    const to = async (backTo: unknown) =>
      (await refused('/found', { backTo }, { Referer: 'https://evil.example/' })).location;
    expect(await to('/products/1')).toBe('/products/1');
    expect(await to('//evil.example/form')).toBe('/form');
    expect(await to('/\t/evil.example')).toBe('/form');
    expect(await to(undefined)).toBe('/form');
    expect((await refused('/found', { backTo: 7 }, { Referer: referer('/other') })).location).toBe('/other');
  });

  it('redirects only a form that a page submits', async () => {
    const statusOf = async (headers: Record<string, string>, type = 'form') => {
      const { status } = await request(app.url).post('/thrown').type(type).set(headers).send({ a: '1' });
      return status;
    };
    expect(await statusOf({ Accept: PAGE })).toBe(303);
    expect(await statusOf({ Accept: PAGE }, 'json')).toBe(303);
    expect(await statusOf({ Accept: 'text/vnd.turbo-stream.html, text/html, application/xhtml+xml' })).toBe(
      303,
    );
    expect(await statusOf({})).toBe(303);
    expect(await statusOf({}, 'json')).toBe(400);
    expect(await statusOf({ Accept: 'application/json, TEXT/HTML ; q=0.1' })).toBe(303);
    expect(await statusOf({ Accept: 'text/html;q=0, application/json' })).toBe(400);
    expect(await statusOf({ Accept: 'text/html; level=1; q=0.000, */*' })).toBe(400);
    expect(await statusOf({ Accept: 'text/html-fragment' })).toBe(400);
    expect(await statusOf({ Accept: '*/*' })).toBe(400);
    expect(await statusOf({ Accept: 'application/json' })).toBe(400);
    const fetched = await fetch(`${app.url}/thrown`, {
      method: 'POST',
      body: new URLSearchParams({ a: '1' }),
    });
    expect(fetched.status).toBe(400);
    await request(app.url).get('/search').set('Accept', PAGE).expect(400);
    const excluded = await request(app.url).post('/excluded').set('Accept', PAGE).expect(400);
    expect(excluded.body).toEqual({ statusCode: 400, error: 'Bad Request', message: ['Taken.'] });
  });

  it('leaves errors that are not about a form to the filters of the application', async () => {
    const refusedBy = (path: string) => request(app.url).post(path).set('Accept', PAGE);
    await refusedBy('/refused').expect(400, { own: 'Not like this.' });
    expect((await refusedBy('/gone').expect(404)).body).toHaveProperty('own');
    expect((await refusedBy('/nowhere').expect(404)).body).toHaveProperty('own');
    const malformed = await refusedBy('/thrown').type('json').send('{"a":').expect(400);
    expect(malformed.body).toHaveProperty('own');
  });

  it('lets the filter given as `otherwise` answer requests that are not forms of a page', async () => {
    await request(app.url).post('/otherwise').expect(400, { own: 'Invalid Form Exception' });
    expect((await refused('/otherwise')).status).toBe(303);
  });

  it('shows a general message when the exception has no errors', async () => {
    const { visitor, status } = await refused('/wordless', { email: 'mine' });
    expect(status).toBe(303);
    expect((await visitor.get('/form')).body).toMatchObject({
      hasErrors: true,
      errors: { '': ['This form cannot be accepted.'] },
      email: 'mine',
    });
  });

  it('stores neither prototype keys nor passwords of a form, however deeply nested', async () => {
    const fields = {
      email: 'mine',
      '__proto__[isAdmin]': '1',
      'constructor[prototype][isAdmin]': '1',
      'users[0][name]': 'ann',
      'users[0][new_password]': 'hunter2',
      'users[0][keys][password][]': 'hunter2',
      PassWord: 'hunter2',
    };
    const visitor = app.visitor();
    const response = await visitor
      .post('/thrown')
      .set('Accept', PAGE)
      .type('form')
      .send(new URLSearchParams(fields).toString());
    expect(response.status).toBe(303);
    const { old } = await sessionsOf(app.app).of(response);
    expect(old).toMatchObject({ email: 'mine' });
    expect(JSON.stringify(old)).toContain('ann');
    expect(JSON.stringify(old)).not.toMatch(/hunter2|isAdmin/);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect((await visitor.get('/form')).body).toMatchObject({ hasErrors: true, email: 'mine' });
  });

  it('stores no password that the message of a validation library quotes', async () => {
    const messages = async (form: object): Promise<unknown> => {
      const { visitor, status } = await refused('/passwords', form);
      expect(status).toBe(303);
      return (await visitor.get('/form')).body.errors;
    };
    expect(await messages({ password: 'hunter "2"', pin: '123' })).toEqual({
      password: ['Invalid format: Expected /^\\d+$/ but received "…"'],
    });
    expect(await messages({ password: 'x', pin: '1' })).toEqual({
      password: ['Invalid format: Expected /^\\d+$/ but received "…"'],
      pin: ["'1' is too short."],
    });
    expect(await messages({ password_confirmation: 'abcd', password: 'abcdef', pin: '123' })).toEqual({
      password: ['Invalid format: Expected /^\\d+$/ but received "…"'],
    });
    expect(await messages({ password: 12345678, pin: '123' })).toEqual({
      password: ['Invalid type: Expected string but received …'],
    });
  });

  it('stores at most 100 errors', async () => {
    const lines = Array.from({ length: 500 }, () => ({ count: 'x' }));
    const { visitor, status } = await refused('/zod', { lines });
    expect(status).toBe(303);
    const { errors } = (await visitor.get('/form')).body;
    expect(Object.keys(errors)).toHaveLength(100);
  });
});

describe.each(PLATFORMS)('FormErrorsFilter on %s, with sessions in a cookie', (platform) => {
  it('drops old input that does not fit, and still shows the errors', async () => {
    await using app = await TestApp.start(platform, {
      controllers: [FormsController],
      options: { driver: 'stealth', stealth: { maxCookies: 1 } },
      configure: (nest) => void nest.useGlobalFilters(new FormErrorsFilter()),
    });
    const visitor = app.visitor();
    const send = (form: object) => visitor.post('/status').set('Accept', PAGE).send(form);
    await send({ email: 'mine', text: 'x'.repeat(5_000) }).expect(303);
    const { body } = await visitor.get('/form').expect(200);
    expect(body).toMatchObject({ errors: { email: ['Taken.'] }, email: '', status: 'flashed' });
    await send({ email: 'mine', text: 'x' }).expect(303);
    expect((await visitor.get('/form')).body).toMatchObject({
      errors: { email: ['Taken.'] },
      email: 'mine',
    });
  });
});

describe.each(PLATFORMS)(
  'FormErrorsFilter on %s, with one cookie and messages too long for it',
  (platform) => {
    async function start() {
      const app = await TestApp.start(platform, {
        controllers: [FormsController],
        options: { driver: 'stealth', stealth: { maxCookies: 1 } },
        configure: (nest) => void nest.useGlobalFilters(new FormErrorsFilter()),
      });
      const visitor = app.visitor();
      return {
        visitor,
        async send(fields: number, email: string, kept: number) {
          await visitor.post('/said').set('Accept', PAGE).send({ fields, kept, email }).expect(303);
          return (await visitor.get('/form').expect(200)).body;
        },
        [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
      };
    }

    it('cuts a long message and keeps the old input', async () => {
      await using scene = await start();
      const { errors, email } = await scene.send(1, 'mine', 0);
      expect(errors).toEqual({ line0: [expect.stringMatching(/^ü{100,}…$/)] });
      expect(email).toBe('mine');
    });

    it('shows the first messages and drops the rest', async () => {
      await using scene = await start();
      const { errors } = await scene.send(100, 'mine', 0);
      expect(Object.keys(errors).slice(0, 2)).toEqual(['line0', 'line1']);
      expect(Object.keys(errors).length).toBeLessThan(100);
    });

    it('shows a general message when there is hardly any room', async () => {
      await using scene = await start();
      const { errors } = await scene.send(100, 'x'.repeat(5_000), 2_400);
      expect(errors).toEqual({ '': ['This form cannot be accepted.'] });
    });
  },
);

/** A store that limits the size of a record. */
class SmallDriver extends MemoryDriver {
  override write(id: string, record: SessionRecord): Promise<boolean> {
    if (record.payload.length > 2_000) return Promise.reject(new SessionTooLargeError('It has no room.'));
    return super.write(id, record);
  }
}

describe.each(PLATFORMS)('FormErrorsFilter on %s, with sessions in a store that has a limit', (platform) => {
  it('drops old input that does not fit, also for an existing session', async () => {
    await using app = await TestApp.start(platform, {
      controllers: [FormsController],
      options: { driver: 'small', drivers: { small: { useFactory: () => new SmallDriver({}) } } },
      configure: (nest) => void nest.useGlobalFilters(new FormErrorsFilter()),
    });
    const visitor = app.visitor();
    const send = (form: object) => visitor.post('/thrown').set('Accept', PAGE).send(form);
    for (const text of ['x'.repeat(5_000), 'x'.repeat(5_000), 'x']) {
      await send({ email: 'mine', text }).expect(303);
      const { body } = await visitor.get('/form').expect(200);
      expect(body.errors).toMatchObject({ '': ['They do not match.'] });
      expect(body.email).toBe(text === 'x' ? 'mine' : '');
    }
    expect((await sessionsOf(app.app).of(await visitor.get('/form'))).values).toEqual({ failures: 3 });
  });
});

describe('FormErrorsFilter', () => {
  it.each([
    { form: 'sign-in' },
    { form: '//evil.example' },
    { form: 7 },
    { fallback: 'https://shop.example/' },
    { fallback: () => '/' },
    '/sign-in',
    null,
  ])('refuses the options %o when constructed', (options) => {
    expect(() => Reflect.construct(FormErrorsFilter, [options])).toThrow(SessionConfigError);
  });

  it('rethrows an exception outside of HTTP', () => {
    const thrown = new InvalidFormException({ email: 'Taken.' });
    const host = new ExecutionContextHost([]);
    host.setType('ws');
    expect(() => new FormErrorsFilter().catch(thrown, host)).toThrow(thrown);
  });
});

describe('InvalidFormException', () => {
  it.each(['Taken.', ['Taken.'], null, undefined, 7, new Map([['email', 'Taken.']])])(
    'refuses %o, which is no message of a field, and says what it takes',
    (given) => {
      const make = (): unknown => Reflect.construct(InvalidFormException, [given]);
      expect(make).toThrow(SessionValueError);
      expect(make).toThrow(/takes an object of messages by the names of the fields/);
    },
  );

  it('moves errors of fields named like a prototype to the whole form', () => {
    const { errors } = new InvalidFormException({ ['__proto__.x']: 'a', 'x.constructor': 'b', y: 'c' });
    expect(errors).toEqual({ '': ['a', 'b'], y: ['c'] });
  });

  it.each([{}, { email: [] }, { email: '' }, { email: undefined as never }])(
    'has a general message when given no errors: %j',
    (errors) => {
      const exception = new InvalidFormException(errors);
      expect(exception.errors).toEqual({ '': ['This form cannot be accepted.'] });
      expect(exception.getResponse()).toMatchObject({ message: ['This form cannot be accepted.'] });
    },
  );
});
