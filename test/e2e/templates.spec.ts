import { AsyncResource } from 'node:async_hooks';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  Get,
  NotFoundException,
  Post,
  Redirect,
  Render,
  Res,
} from '@nestjs/common';
import ejs from 'ejs';
import handlebars from 'handlebars';
import pug from 'pug';
import { describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS } from '../support/test-app.js';
import { renderViews } from '../support/views-of.js';

/** Looks dangerous and is only text. */
const TITLE = `<script>alert("x" & 'y')</script>`;
const ESCAPED_TITLE = /&lt;script&gt;alert\((&quot;|&#34;)x\1 &amp; ('|&#39;|&#x27;)y\2\)&lt;\/script&gt;/;

interface Engine {
  /** Its file extension. */
  readonly name: 'hbs' | 'ejs' | 'pug';
  /** What @fastify/view takes as `engine`. */
  readonly fastify: object;
  readonly page: string;
  /** A page whose data has a `session` of its own. */
  readonly own: string;
}

// The same page in each template language.
const ENGINES: Engine[] = [
  {
    name: 'hbs',
    fastify: { handlebars },
    page: `<h1>{{heading}}</h1>
<b id="total">{{session.get 'cart_total' 0}}</b>
<b id="name">{{session.get 'name'}}</b>
<b id="lines">{{#each (session.get 'cart')}}{{sku}};{{/each}}</b>
<b id="has">{{session.has 'name'}}</b>
<b id="several">{{session.has 'name' 'absent'}}, {{session.hasAny 'name' 'absent'}}, {{flashMessages.has 'errors' 'absent'}}</b>
{{#if flashMessages.isEmpty}}<i>nothing to say</i>{{else}}<i>{{flashMessages.get 'errors.title'}}</i>{{/if}}
<u>{{flashMessages.get 'absent' 'no such message'}}</u>
<input name="email" value="{{old 'email'}}"><input name="city" value="{{old 'city' 'Paris'}}">`,
    own: `{{session}}`,
  },
  {
    name: 'ejs',
    fastify: { ejs },
    page: `<h1><%= heading %></h1>
<b id="total"><%= session.get('cart_total', 0) %></b>
<b id="name"><%= session.get('name') %></b>
<b id="lines"><% for (const { sku } of session.get('cart', [])) { %><%= sku %>;<% } %></b>
<b id="has"><%= session.has('name') %></b>
<b id="several"><%= session.has(['name', 'absent']) %>, <%= session.hasAny(['name', 'absent']) %>, <%= flashMessages.has(['errors', 'absent']) %></b>
<% if (flashMessages.isEmpty) { %><i>nothing to say</i><% } else { %><i><%= flashMessages.get('errors.title') %></i><% } %>
<u><%= flashMessages.get('absent', 'no such message') %></u>
<input name="email" value="<%= old('email') %>"><input name="city" value="<%= old('city', 'Paris') %>">`,
    own: `<%= session %>`,
  },
  {
    name: 'pug',
    fastify: { pug },
    page: `h1= heading
b#total= session.get('cart_total', 0)
b#name= session.get('name')
b#lines
  each line in session.get('cart', [])
    | #{line.sku};
b#has= session.has('name')
b#several #{session.has('name', 'absent')}, #{session.hasAny('name', ['absent'])}, #{flashMessages.has('errors', 'absent')}
if flashMessages.isEmpty
  i nothing to say
else
  i= flashMessages.get('errors.title')
u= flashMessages.get('absent', 'no such message')
input(name="email" value=old('email', ''))
input(name="city" value=old('city', 'Paris'))`,
    own: `= session`,
  },
];

/** The parts of a page that the tests check. */
function parts(html: string): Record<string, string | undefined> {
  const inside = (pattern: RegExp) => pattern.exec(html)?.[1]?.trim();
  return {
    heading: inside(/<h1>([^<]*)/),
    total: inside(/id="total">([^<]*)/),
    name: inside(/id="name">([^<]*)/),
    lines: inside(/id="lines">([^<]*)/)?.replaceAll(/\s/g, ''),
    has: inside(/id="has">([^<]*)/),
    several: inside(/id="several">([^<]*)/),
    message: inside(/<i>([^<]*)/),
    fallback: inside(/<u>([^<]*)/),
    email: inside(/name="email" value="([^"]*)/),
    city: inside(/name="city" value="([^"]*)/),
  };
}

const EMPTY_PAGE = {
  total: '0',
  name: '',
  lines: '',
  has: 'false',
  several: 'false, false, false',
  message: 'nothing to say',
  fallback: 'no such message',
  email: '',
  city: 'Paris',
};

interface Renderer {
  render?(view: string, data: object): unknown;
  view?(view: string, data: object): unknown;
}

/** Express's way to render, or Fastify's. */
function renderWith(res: Renderer, view: string, data: object): unknown {
  return res.view === undefined ? res.render?.(view, data) : res.view(view, data);
}

function setupFor(engine: Engine, folder: string): HandlerAppSetup {
  const view = `page.${engine.name}`;

  @Controller()
  class PagesController {
    @Get('rendered')
    @Render(view)
    rendered() {
      return { heading: 'rendered' };
    }

    /** Excluded: it never has a session. */
    @Get('about')
    @Render(view)
    about() {
      return { heading: 'about' };
    }

    @Get('responded')
    responded(@Res() res: Renderer) {
      return renderWith(res, view, { heading: 'responded' });
    }

    @Get('with-session')
    @Render(view)
    withSession(@Session() session: Session) {
      return { heading: String(session.increment('cart_total')) };
    }

    @Get('own')
    @Render(`own.${engine.name}`)
    own() {
      return { session: 'of my own' };
    }

    @Post('form')
    @Redirect('/rendered')
    form(@Session() session: Session) {
      session.put({ cart_total: 1900, name: 'Ada', cart: [{ sku: 'tea' }, { sku: '<milk>' }] });
      session.flash('errors', { title: TITLE }).flashAll();
    }
  }

  @Catch(NotFoundException)
  class NotFoundPage {
    catch(_error: NotFoundException, host: ArgumentsHost) {
      const res = host.switchToHttp().getResponse<Renderer & { status(code: number): unknown }>();
      res.status(404);
      return renderWith(res, view, { heading: 'not found' });
    }
  }

  return {
    options: { exclude: ['/about'] },
    controllers: [PagesController],
    configure(app) {
      app.useGlobalFilters(new NotFoundPage());
      renderViews(app, engine.name, engine.fastify, folder);
    },
  };
}

describe.each(PLATFORMS)('server-rendered pages on %s', (platform) => {
  describe.each(ENGINES)('with $name', (engine) => {
    const pages = () =>
      TempFolder.make({ [`page.${engine.name}`]: engine.page, [`own.${engine.name}`]: engine.own });
    const start = (folder: TempFolder) => HandlerApp.start(platform, setupFor(engine, folder.path));

    it('can use session, flash messages and old input without getting them from the handler', async () => {
      await using folder = await pages();
      await using app = await start(folder);
      const { agent } = app.visitor();
      expect(parts((await agent.get('/rendered').expect(200)).text)).toEqual({
        ...EMPTY_PAGE,
        heading: 'rendered',
      });

      const form = { email: 'ada@example.org', city: 'Berlin', password: 'hidden' };
      const redirected = await agent.post('/form').send(form).redirects(1);
      const page = parts(redirected.text);
      expect(page).toMatchObject({
        heading: 'rendered',
        total: '1900',
        name: 'Ada',
        lines: 'tea;&lt;milk&gt;;',
        has: 'true',
        several: 'false, true, false',
        fallback: 'no such message',
        email: 'ada@example.org',
        city: 'Berlin',
      });
      expect(page['message']).toMatch(ESCAPED_TITLE);
      expect(redirected.text).not.toContain('<script>');

      // Messages and old input are consumed; the values stay.
      expect(parts((await agent.get('/rendered')).text)).toMatchObject({
        total: '1900',
        message: 'nothing to say',
        email: '',
        city: 'Paris',
      });
    });

    it('can use them too if the handler renders by itself or changes the session, or a filter answers', async () => {
      await using folder = await pages();
      await using app = await start(folder);
      const { agent } = app.visitor();
      await agent.post('/form').send({ email: 'ada@example.org' }).expect(302);
      const responded = await agent.get('/responded').expect(200);
      expect(responded.headers['content-type']).toContain('text/html');
      expect(parts(responded.text)).toMatchObject({
        heading: 'responded',
        total: '1900',
        email: 'ada@example.org',
      });
      expect(parts((await agent.get('/with-session').expect(200)).text)).toMatchObject({
        heading: '1901',
        total: '1901',
      });
      expect(parts((await agent.get('/nowhere').expect(404)).text)).toMatchObject({
        heading: 'not found',
        total: '1901',
      });
    });

    it('render without a session as they do with an empty one', async () => {
      await using folder = await pages();
      await using app = await start(folder);
      const { agent } = app.visitor();
      await agent.post('/form').send({ email: 'ada@example.org' }).expect(302);
      expect(parts((await agent.get('/about').expect(200)).text)).toEqual({
        ...EMPTY_PAGE,
        heading: 'about',
      });
    });

    it('use the `session` that the handler itself passes', async () => {
      await using folder = await pages();
      await using app = await start(folder);
      expect((await app.visitor().agent.get('/own').expect(200)).text).toContain('of my own');
    });
  });

  it('cannot write to the session', async () => {
    await using folder = await TempFolder.make({
      'page.ejs': `<%= ['put','set','forget','flush','flash','regenerate','destroy','id'].map((name) => typeof session[name]) %>`,
      'own.ejs': '',
    });
    const [, engine] = ENGINES;
    if (engine === undefined) throw new Error('There are three engines.');
    await using app = await HandlerApp.start(platform, setupFor(engine, folder.path));
    const { text } = await app.visitor().agent.get('/rendered').expect(200);
    expect(new Set(text.split(','))).toEqual(new Set(['undefined']));
  });

  it('see who is signed in, and the rest of what a session tells but its id', async () => {
    const names = [
      'userId',
      'signedInAt',
      'handle',
      'stored',
      'duration',
      'createdAt',
      'expiresAt',
      'fresh',
      'isEmpty',
    ];
    await using folder = await TempFolder.make({
      'page.ejs': `<%- JSON.stringify(${JSON.stringify(names)}.map((name) => session[name] ?? null)) %>
        <%- JSON.stringify([session.only('name', 'lines'), session.except(['lines']), session.id ?? null]) %>`,
      'own.ejs': '',
    });
    const [, engine] = ENGINES;
    if (engine === undefined) throw new Error('There are three engines.');
    await using app = await HandlerApp.start(platform, setupFor(engine, folder.path));
    const visitor = app.visitor();
    const seen = async (): Promise<unknown[]> =>
      (await visitor.agent.get('/rendered').expect(200)).text.split('\n').map((line) => JSON.parse(line));
    const [, none] = await seen();
    expect(none).toEqual([{}, {}, null]);
    const told = await visitor.in((session) => session.signIn('ada').put({ name: 'Ada', lines: [1] }));
    const { userId, signedInAt, handle, duration, createdAt, expiresAt } = told;
    expect(await seen()).toEqual([
      [userId, signedInAt, handle, true, duration, createdAt, expiresAt, false, false],
      [{ name: 'Ada', lines: [1] }, { userId: 'ada', name: 'Ada' }, null],
    ]);
  });

  it('get copies: what they do to a value or a message is not stored', async () => {
    await using folder = await TempFolder.make({
      'page.ejs': `<% const lists = [
        session.get('list'), session.get().list, session.all().list, session.get('deep').list, session.get('deep.list'),
        flashMessages.get('said'), flashMessages.all().said, session.flashMessages.get('said'), old('said'), session.old('said'),
      ];
      for (const list of lists) list.reverse().push('mutated'); %><%= lists.length %> <%= session.get('list') %>`,
      'own.ejs': '',
    });
    const [, engine] = ENGINES;
    if (engine === undefined) throw new Error('There are three engines.');

    @Controller()
    class ListsController {
      @Get('lists')
      @Render('page.ejs')
      lists(@Session() session: Session) {
        session.reflash();
        return {};
      }
    }
    const setup = setupFor(engine, folder.path);
    await using app = await HandlerApp.start(platform, {
      ...setup,
      controllers: [...(setup.controllers ?? []), ListsController],
    });
    const visitor = app.visitor();
    await visitor.in((session) => {
      session.put({ list: [1, 2], deep: { list: [3, 4] } }).flash('said', [5, 6]);
    });
    expect((await visitor.agent.get('/lists').expect(200)).text).toBe('10 1,2');
    expect(await visitor.in((session) => session.all())).toEqual({
      list: [1, 2],
      deep: { list: [3, 4] },
      said: [5, 6],
    });
  });

  it('are rendered for their own request, even in a callback that belongs to another', async () => {
    const shared = { call: (callback: () => void): void => callback() };
    const [, engine] = ENGINES;
    if (engine === undefined) throw new Error('There are three engines.');

    @Controller()
    class CallbackController {
      @Get('signed-in')
      signedIn(@Session() session: Session) {
        session.put('name', 'Ada');
        // Binds the shared callback to her request, which stays pending.
        shared.call = AsyncResource.bind((callback: () => void) => {
          callback();
        });
        opened.resolve();
        return answered.promise;
      }

      @Get('called-back')
      calledBack(@Res() res: Renderer) {
        shared.call(() => {
          void renderWith(res, 'page.ejs', { who: () => Session.get('name', 'nobody') });
        });
      }
    }
    const [opened, answered] = [new Deferred(), new Deferred()];
    await using folder = await TempFolder.make({ 'page.ejs': '<%= who() %>' });
    await using app = await HandlerApp.start(platform, {
      controllers: [CallbackController],
      configure: (each) => renderViews(each, engine.name, engine.fastify, folder.path),
    });
    const ada = app
      .visitor()
      .agent.get('/signed-in')
      .then((response) => response.status);
    await opened.promise;
    try {
      expect((await app.visitor().agent.get('/called-back').expect(200)).text).toBe('nobody');
    } finally {
      answered.resolve();
      await ada;
    }
  });
});
