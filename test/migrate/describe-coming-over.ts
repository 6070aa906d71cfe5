import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestSession, SessionModuleOptions } from 'nestjs-session-kit';
import { barrier } from '../support/barrier.js';
import { eventually } from '../support/eventually.js';
import { HandlerApp } from '../support/handler-app.js';
import { pairsOf } from '../support/test-app.js';
import { MovingBrowser } from './moving-browser.js';
import { type OldApp, SIGNED_IN } from './old-apps.js';

const user = (session: RequestSession): unknown => session.get('user');

/** The behavior common to all libraries, on both platforms and with each driver. */
export function describeComingOver(
  name: string,
  startOld: () => Promise<OldApp>,
  drivers: Readonly<Record<string, () => Promise<Partial<SessionModuleOptions>>>>,
): void {
  const ways = pairsOf(Object.entries(drivers)).map(([platform, driver]) => [platform, ...driver] as const);

  describe(`A visitor who comes from ${name}`, () => {
    let old: OldApp;
    beforeAll(async () => {
      old = await startOld();
    });
    afterAll(() => old.close());

    describe.each(ways)('to %s with the driver %s', (platform, driver, options) => {
      let app: HandlerApp;
      beforeAll(async () => {
        app = await HandlerApp.start(platform, {
          options: { ...(await options()), driver, migrate: [old.source], cookie: { name: 'new' } },
        });
      });
      afterAll(() => app[Symbol.asyncDispose]());

      const isKept = driver !== 'stealth';
      const isForgotten = async (): Promise<void> => {
        const { kept } = old;
        if (kept !== null) await eventually(async () => expect(await kept()).toBe(0));
      };

      async function signedIn(): Promise<MovingBrowser> {
        const browser = new MovingBrowser();
        await browser.ask(old.url, 'POST', '/in');
        expect(await browser.ask(old.url, 'GET', '/me')).toEqual({ user: 'ann' });
        return browser;
      }

      it('stays signed in, with all values of the session', async () => {
        const browser = await signedIn();
        const before = browser.names;
        expect(before).toContain(old.cookieName);
        const seen = await browser.in(app, (session) => ({ values: session.all(), userId: session.userId }));
        expect(seen).toEqual({ values: { ...SIGNED_IN, userId: 'u-1' }, userId: 'u-1' });
        expect(browser.names).toEqual(['new']);
        await browser.in(app, (session) => session.push('cart', 'pot'));
        expect(await browser.in(app, (session) => session.get('cart'))).toEqual(['mug', 'tea', 'pot']);
        await isForgotten();
      });

      it('has an old cookie that opens nothing once the new one is set', async () => {
        if (!old.isTold || (!isKept && old.kept === null)) return;
        const browser = await signedIn();
        const copy = browser.headers;
        expect(await browser.in(app, user)).toBe('ann');
        await isForgotten();
        for (const method of ['first', 'second']) {
          const handled = await app.visitor().handle(user, { headers: copy });
          expect([method, handled.value, handled.cookies]).toEqual([method, undefined, []]);
        }
        expect(await browser.in(app, user)).toBe('ann');
      });

      it.each(['at once', 'later'])(
        'stays signed out (%s), even for a copy of the old cookie',
        async (when) => {
          const browser = await signedIn();
          const copy = browser.headers;
          if (when === 'later') await browser.in(app, user);
          await browser.in(app, (session) => session.destroy().then(() => null));
          expect(browser.names).toEqual([]);
          await isForgotten();
          if (old.isTold) expect(await app.visitor().in(user, { headers: copy })).toBeUndefined();
        },
      );

      it('loses no update of parallel first requests', async () => {
        const browser = await signedIn();
        const before = isKept ? (await app.manager.list('u-1')).length : 0;
        const all = barrier(8);
        const headers = browser.headers;
        const handled = await Promise.all(
          Array.from({ length: 8 }, () =>
            app.visitor().handle(
              async (session) => {
                await all.arrive();
                return [session.get('user'), session.increment('count')];
              },
              { headers },
            ),
          ),
        );
        expect(handled.map(({ value: [who] }) => who)).toEqual(Array.from({ length: 8 }, () => 'ann'));
        const latest = handled.at(-1)?.asHeaders;
        const count = await app.visitor().in((session) => session.get('count'), { headers: { ...latest } });
        // Sessions within cookies have no shared place on the server.
        expect(count).toBe(isKept ? 8 : 1);
        if (isKept) {
          const { length } = await app.manager.list('u-1');
          expect(length - before).toBe(1);
        }
        await isForgotten();
      });

      it('gets nothing from a session signed out of before', async () => {
        if (old.kept === null) return;
        const browser = await signedIn();
        const copy = browser.headers;
        await browser.ask(old.url, 'POST', '/out');
        const { value, cookies } = await app.visitor().handle(user, { headers: copy });
        expect([value, cookies]).toEqual([undefined, []]);
      });

      it('is a stranger if the old cookie was altered in any way', async () => {
        const browser = await signedIn();
        const sent = browser.cookie;
        // iron-session adds its version, which is not signed and which nothing depends on.
        const value = sent.slice(`${old.cookieName}=`.length).replace(/~2$/, '');
        const texts = [
          ...[1, 5, 20, Math.floor(value.length / 2)].map((length) => value.slice(0, -length)),
          ...[0, 3, 9, Math.floor(value.length / 2)].map((at) => flipped(value, at)),
          '',
          's:',
          's%3A.',
          'x'.repeat(12_000),
          '%%%',
          '__proto__',
          'Fe26.2********~2',
        ];
        for (const text of texts) {
          const cookie = `${old.cookieName}=${text}`;
          const { value: who, cookies } = await app.visitor().handle(user, { headers: { cookie } });
          expect([text, who, cookies]).toEqual([text, undefined, []]);
        }
        expect(await browser.in(app, user)).toBe('ann');
        await isForgotten();
      });
    });
  });
}

/** Replaces one character. */
function flipped(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}
