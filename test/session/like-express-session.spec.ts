import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Req } from '@nestjs/common';
import express from 'express';
import expressSession from 'express-session';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EFFORT } from '../parallel/support/replay.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';

/** What a library made for express-session does with `req.session`. */
type Step =
  | { readonly do: 'set'; readonly key: string; readonly value: unknown }
  | { readonly do: 'delete' | 'count' | 'mutate' | 'has'; readonly key: string }
  | { readonly do: 'assign' | 'clear' | 'look' | 'age' | 'hold' | 'lookHeld' }
  | { readonly do: 'save' | 'regenerate' | 'destroy' | 'reload' | 'touch' };

const key = fc.constantFrom('user', 'cart', 'x.y', 'views');
const value = fc.constantFrom<unknown>(1, 'text', null, false, { n: 1 }, [1, { n: 2 }], 0, '');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('set'), key, value }),
  fc.record({ do: fc.constant('set'), key, value }),
  fc.record({ do: fc.constantFrom('delete', 'count', 'mutate', 'has'), key }),
  fc.record({ do: fc.constantFrom('assign', 'clear', 'look', 'age', 'hold', 'lookHeld') }),
  fc.record({ do: fc.constantFrom('save', 'regenerate', 'destroy', 'reload', 'touch') }),
);
const requests = fc.array(fc.array(step, { maxLength: 5 }), { minLength: 1, maxLength: 4 });

const HOUR = 3_600_000;

type Loose = Record<string, unknown>;

/** Everything that can be seen of a session without calling its methods. */
function look(session: Loose = {}): unknown {
  const inLoop: string[] = [];
  for (const name in session) if (Object.hasOwn(session, name) && name !== 'cookie') inLoop.push(name);
  const { cookie: _cookie, ...spread } = session;
  const { cookie: _stored, ...asJson } = JSON.parse(JSON.stringify(session)) as Loose;
  return {
    keys: Object.keys(session)
      .filter((name) => name !== 'cookie')
      .toSorted(),
    inLoop: inLoop.toSorted(),
    spread: JSON.parse(JSON.stringify(spread)),
    asJson,
  };
}

const sessionOf = (req: Loose): Loose | undefined => req['session'] as Loose | undefined;

async function perform(req: Loose, steps: readonly Step[], lastId: unknown): Promise<unknown[]> {
  let held: unknown;
  let destroyed = false;
  // An empty session is stored there in cases in which none is begun here.
  const isEmpty = Object.keys(sessionOf(req) ?? {}).every((name) => name === 'cookie');
  let isStored = !isEmpty && req['sessionID'] === lastId;
  const seen: unknown[] = [look(sessionOf(req)), isStored];
  for (const each of steps) {
    const session = sessionOf(req);
    // express-session's is undefined from now on, ours begins anew.
    if (destroyed || session === undefined) break;
    destroyed = each.do === 'destroy';
    const calling = (method: string): Promise<unknown> =>
      new Promise((resolve) => {
        const callback = (error?: unknown): void => resolve(error == null ? 'ok' : 'failed');
        // express-session drops the values, ours keeps those that it is given a list of, or all.
        const kept = method === 'regenerate' && typeof session['invalidate'] === 'function' ? [[]] : [];
        Reflect.apply(Object(session[method]), session, [...kept, callback]);
      });
    switch (each.do) {
      case 'set':
        session[each.key] = structuredClone(each.value);
        break;
      case 'delete':
        seen.push(Reflect.deleteProperty(session, each.key));
        break;
      case 'count':
        session[each.key] = Number(session[each.key] ?? 0) + 1 || 1;
        break;
      case 'mutate': {
        const at = session[each.key];
        if (Array.isArray(at)) at.push('more');
        else if (typeof at === 'object' && at !== null) Object.assign(at, { more: true });
        break;
      }
      case 'has':
        seen.push([each.key in session, Object.hasOwn(session, each.key), session[each.key] ?? 'nothing']);
        break;
      case 'assign':
        Object.assign(session, { user: { name: 'Ada' }, cart: ['tea'] });
        break;
      case 'clear':
        for (const name of Object.keys(session)) if (name !== 'cookie') Reflect.deleteProperty(session, name);
        break;
      case 'look':
        seen.push(look(session));
        break;
      case 'age': {
        const cookie = Object(session['cookie']) as Loose;
        cookie['maxAge'] = HOUR;
        seen.push([
          Number(cookie['originalMaxAge']) > HOUR / 2,
          cookie['expires'] instanceof Date,
          cookie['path'],
          cookie['httpOnly'],
        ]);
        break;
      }
      case 'hold':
        held = session['cart'];
        break;
      case 'lookHeld':
        seen.push(held ?? 'nothing');
        break;
      case 'touch':
        Reflect.apply(Object(session['touch']), session, []);
        break;
      default:
        // Without a stored session it fails there, and discards what is not stored here.
        if (each.do === 'reload' && !isStored) break;
        isStored = each.do !== 'regenerate' && (isStored || each.do === 'save');
        seen.push([each.do, await calling(each.do), look(sessionOf(req))]);
    }
  }
  return JSON.parse(JSON.stringify(seen)) as unknown[];
}

/** What each request saw. */
async function play(
  url: string,
  scripts: readonly (readonly Step[])[],
  run: (script: readonly Step[]) => void,
) {
  let cookies = '';
  const seen: unknown[] = [];
  for (const script of scripts) {
    run(script);
    const response = await fetch(`${url}/run`, { headers: { cookie: cookies } });
    for (const line of response.headers.getSetCookie()) cookies = line.split(';')[0] ?? '';
    if (cookies.endsWith('=')) cookies = '';
    seen.push(response.status, await response.json());
  }
  return seen;
}

/**
 * Both keep a session with the same content under the same id, and answer the same to whoever looks at it. Known
 * differences, which the steps avoid: `regenerate` keeps the values here, `req.session` is usable after `destroy`,
 * a session without values is not begun, and `cookie` is not an own key.
 */
describe.each(PLATFORMS)('request.session on %s', (platform) => {
  let current: readonly Step[] = [];
  let lastId: unknown = '';
  let app: TestApp;
  let original: ReturnType<typeof createServer>;
  const runNext = (script: readonly Step[]): void => void (current = script);
  const handle = async (req: Loose): Promise<unknown[]> => {
    const seen = await perform(req, current, lastId);
    lastId = req['sessionID'];
    return seen;
  };

  @Controller()
  class Handlers {
    @Get('run')
    run(@Req() req: Loose): Promise<unknown[]> {
      return handle(req);
    }
  }

  beforeAll(async () => {
    app = await TestApp.start(platform, { controllers: [Handlers] });
    const other = express();
    other.use(expressSession({ secret: 'a secret', resave: false, saveUninitialized: false }));
    other.get('/run', (req, res, next) => {
      handle(Object(req)).then((seen) => res.json(seen), next);
    });
    original = createServer(other);
    await new Promise<void>((resolve) => original.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    original.close();
    await app[Symbol.asyncDispose]();
  });

  it('does what express-session does, in any order of steps and requests', async () => {
    const { port } = original.address() as AddressInfo;
    const same = async (scripts: Step[][]): Promise<void> => {
      lastId = '';
      const theirs = await play(`http://127.0.0.1:${port}`, scripts, runNext);
      lastId = '';
      const ours = await play(app.url, scripts, runNext);
      expect(ours).toEqual(theirs);
    };
    await fc.assert(fc.asyncProperty(requests, same), { numRuns: 60 * EFFORT });
  });
});
