import { Controller, Get, Query, type Type } from '@nestjs/common';
import request from 'supertest';
import { NoSessionError, Session } from 'nestjs-session-kit';

/** Whose session the facade gives where this is called: a name, null of a stranger's, 'none' where there is none. */
export const who = (): unknown => {
  try {
    return Session.get('user', null);
  } catch (error) {
    return error instanceof NoSessionError ? 'none' : error;
  }
};

/**
 * Bob's request goes on in callbacks of Ann's context, whose request is still running: as with a pool whose connection she
 * opened, and an Observable that several requests wait for.
 */
export class LiveVisitors {
  #waiting: (() => void)[] = [];
  #hold: () => Promise<void> = () => Promise.resolve();
  /** Pages that all this needs. */
  readonly controller: Type;

  constructor() {
    const hold = (): Promise<void> => this.#hold();
    @Controller()
    class LivePagesController {
      @Get('in')
      signIn(@Session() session: Session, @Query('user') user: string) {
        session.put('user', user);
        return {};
      }

      /** Runs as long as another request needs it. */
      @Get('hold')
      async hold() {
        await hold();
        return {};
      }
    }
    this.controller = LivePagesController;
  }

  /** Asked by a request: goes on from the other's. */
  readonly ask = (callback: () => void): void => void this.#waiting.push(callback);

  /** Calls as Bob while a request of Ann's runs, out of which all callbacks are called. */
  async asBob(
    url: string,
    call: (bob: ReturnType<typeof request.agent>) => PromiseLike<request.Response>,
  ): Promise<request.Response> {
    const [ann, bob] = [request.agent(url), request.agent(url)];
    await ann.get('/in?user=ann').expect(200);
    await bob.get('/in?user=bob').expect(200);
    const visit = { isThrough: false };
    let enter = (_context: unknown): void => undefined;
    const entered = new Promise<unknown>((resolve) => {
      enter = resolve;
    });
    this.#waiting = [];
    this.#hold = async () => {
      enter(who());
      while (!visit.isThrough) {
        this.#waiting.splice(0).forEach((callback) => callback());
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const held = ann
      .get('/hold')
      .expect(200)
      .then((response) => response);
    const context = await entered;
    try {
      if (context !== 'ann') throw new Error('The other context is not that of Ann.');
      return await call(bob);
    } finally {
      visit.isThrough = true;
      await held;
    }
  }
}
