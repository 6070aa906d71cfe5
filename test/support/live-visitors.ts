import { Controller, Get, Query, type Type } from '@nestjs/common';
import request from 'supertest';
import { NoSessionError, Session } from 'nestjs-session-kit';

/** The user whose session the facade finds here; null if the session has no user, 'none' if there is no session. */
export const who = (): unknown => {
  try {
    return Session.get('user', null);
  } catch (error) {
    return error instanceof NoSessionError ? 'none' : error;
  }
};

/**
 * Bob's request continues in callbacks that run in the context of Ann's request, which is still running: as with a
 * connection pool that she opened, or an Observable that several requests wait for.
 */
export class LiveVisitors {
  #waiting: (() => void)[] = [];
  #hold: () => Promise<void> = () => Promise.resolve();
  /** The controller with the necessary routes. */
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

  /** Called within a request: runs the callback in the other request's context. */
  readonly ask = (callback: () => void): void => void this.#waiting.push(callback);

  /** Sends Bob's request while one of Ann's is running, which calls all callbacks. */
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
