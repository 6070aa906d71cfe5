import { Body, Controller, Get, Post, Render, UseFilters, UsePipes, ValidationPipe } from '@nestjs/common';
import { IsEmail, Length } from 'class-validator';
import ejs from 'ejs';
import handlebars from 'handlebars';
import pug from 'pug';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormErrorsFilter, InvalidFormException, invalidForm } from 'nestjs-session-kit';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';
import { renderViews } from '../support/views-of.js';

/** Looks dangerous and is only text. */
const TYPED = `"><script>alert('x')</script>`;

class SignUpForm {
  @Length(3, 20, { message: ({ value }) => `A name has 3 to 20 characters, not ${String(value).length}.` })
  name!: string;

  @IsEmail()
  email!: string;
}

// The same page in each template language.
const ENGINES = [
  {
    name: 'hbs',
    engine: { handlebars },
    page: `{{#if hasErrors}}<h2>Look again</h2>{{else}}<h2>Sign up</h2>{{/if}}
<b id="whole">{{errors ''}}</b>
<input name="name" value="{{old 'name' 'nobody'}}">{{#if (errors 'name')}}<i id="name">{{errors 'name'}}</i>{{/if}}
<ul id="list">{{#each (errors 'name')}}<li>{{this}}</li>{{/each}}</ul>
<input name="sku" value="{{old 'lines[0][sku]'}}">{{#if (errors 'lines[0][sku]')}}<i id="sku">{{errors 'lines[0][sku]'}}</i>{{/if}}
<u>{{#each (errors)}}{{@key}},{{/each}}</u>
<s>{{flashMessages.hasErrors}} {{flashMessages.errors 'email'}}</s>`,
  },
  {
    name: 'ejs',
    engine: { ejs },
    page: `<% if (hasErrors) { %><h2>Look again</h2><% } else { %><h2>Sign up</h2><% } %>
<b id="whole"><%= errors('') %></b>
<input name="name" value="<%= old('name', 'nobody') %>"><% if (errors('name')) { %><i id="name"><%= errors('name') %></i><% } %>
<ul id="list"><% for (const each of errors('name') ?? []) { %><li><%= each %></li><% } %></ul>
<input name="sku" value="<%= old('lines[0][sku]') %>"><% if (errors('lines[0][sku]')) { %><i id="sku"><%= errors('lines[0][sku]') %></i><% } %>
<u><% for (const field of Object.keys(errors())) { %><%= field %>,<% } %></u>
<s><%= flashMessages.hasErrors %> <%= flashMessages.errors('email') %></s>`,
  },
  {
    name: 'pug',
    engine: { pug },
    page: `if hasErrors
  h2 Look again
else
  h2 Sign up
b#whole= errors('')
input(name="name" value=old('name', 'nobody'))
if errors('name')
  i#name= errors('name')
ul#list
  each message in errors('name') || []
    li= message
input(name="sku" value=old('lines[0][sku]', ''))
if errors('lines[0][sku]')
  i#sku= errors('lines[0][sku]')
u
  each message, field in errors()
    | #{field},
s #{flashMessages.hasErrors} #{flashMessages.errors('email')}`,
  },
];

/** The parts of a page that the tests check. */
function parts(html: string): Record<string, string | undefined> {
  const inside = (pattern: RegExp) => pattern.exec(html)?.[1]?.trim();
  return {
    heading: inside(/<h2>([^<]*)/),
    whole: inside(/<b id="whole">([^<]*)/),
    name: inside(/name="name" value="([^"]*)/),
    nameError: inside(/<i id="name">([^<]*)/),
    list: inside(/<ul id="list">(.*?)<\/ul>/s)?.replaceAll(/\s*<\/?li>\s*/g, '|'),
    sku: inside(/name="sku" value="([^"]*)/),
    skuError: inside(/<i id="sku">([^<]*)/),
    fields: inside(/<u>([^<]*)/)?.replaceAll(/\s/g, ''),
    ofFlash: inside(/<s>([^<]*)/)?.trim(),
  };
}

const EMPTY_PAGE = {
  heading: 'Sign up',
  whole: '',
  name: 'nobody',
  nameError: undefined,
  list: '',
  sku: '',
  skuError: undefined,
  fields: '',
  ofFlash: 'false',
};

describe.each(PLATFORMS)('forms in templates on %s', (platform) => {
  describe.each(ENGINES)('with $name', ({ name, engine, page }) => {
    let folder: TempFolder;
    let app: TestApp;

    @Controller()
    @UseFilters(FormErrorsFilter)
    class FormController {
      @Get()
      @Render(`page.${name}`)
      form() {
        return {};
      }

      /** Excluded: it never has a session. */
      @Get('about')
      @Render(`page.${name}`)
      about() {
        return {};
      }

      @Get('own')
      @Render(`page.${name}`)
      own() {
        return { hasErrors: true, errors: () => ['mine'] };
      }

      @Post()
      @UsePipes(new ValidationPipe({ exceptionFactory: invalidForm }))
      save(@Body() _form: SignUpForm) {}

      @Post('order')
      order() {
        throw new InvalidFormException({
          '': '<b>Sold out</b>',
          'lines[0][sku]': ['No such thing.', 'Not tea.'],
        });
      }
    }

    beforeAll(async () => {
      folder = await TempFolder.make({ [`page.${name}`]: page });
      app = await TestApp.start(platform, {
        controllers: [FormController],
        options: { exclude: ['/about'] },
        configure: (nest) => renderViews(nest, name, engine, folder.path),
      });
    });

    afterAll(async () => {
      await app[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    it('show the errors and the old input once, escaped', async () => {
      const visitor = app.visitor();
      expect(parts((await visitor.get('/')).text)).toEqual(EMPTY_PAGE);
      await visitor.post('/').type('form').send({ name: TYPED, email: 'nobody' }).expect(303);
      const { text } = await visitor.get('/').expect(200);
      expect(parts(text)).toMatchObject({
        heading: 'Look again',
        nameError: 'A name has 3 to 20 characters, not 29.',
        list: '|A name has 3 to 20 characters, not 29.|',
        fields: 'name,email,',
        ofFlash: 'true email must be an email',
      });
      expect(text).not.toContain('<script>');
      expect(parts(text)['name']).toContain('&gt;&lt;script&gt;alert(');
      expect(parts((await visitor.get('/')).text)).toEqual(EMPTY_PAGE);
    });

    it('look up errors by the name of the form field, and those of the whole form', async () => {
      const visitor = app.visitor();
      await visitor.post('/order').type('form').send('lines[0][sku]=tea').expect(303);
      expect(parts((await visitor.get('/')).text)).toMatchObject({
        whole: '&lt;b&gt;Sold out&lt;/b&gt;',
        sku: 'tea',
        skuError: 'No such thing. Not tea.',
        fields: ',lines.0.sku,',
        nameError: undefined,
      });
    });

    it('render without a session as they do without errors', async () => {
      const visitor = app.visitor();
      await visitor.post('/order').type('form').send({ a: '1' }).expect(303);
      expect(parts((await visitor.get('/about')).text)).toEqual(EMPTY_PAGE);
    });

    it('use the errors that the handler itself passes', async () => {
      expect(parts((await app.visitor().get('/own')).text)).toMatchObject({
        heading: 'Look again',
        nameError: 'mine',
      });
    });
  });
});
