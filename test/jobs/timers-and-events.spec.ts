import { Injectable } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { Cron, CronExpression, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { NoSessionError, Session, SessionManager } from 'nestjs-session-kit';
import { describe, expect, it } from 'vitest';
import { Deferred } from '../parallel/support/deferred.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

/** The user according to the facade, or its error. */
function whoIsHere(): unknown {
  try {
    return Session.get('user', 'nobody');
  } catch (error) {
    return error;
  }
}

@Injectable()
class Digest {
  seen: unknown;
  /** The session to work for; in practice read from a table. */
  sessionId = '';

  constructor(private readonly sessions: SessionManager) {}

  @Cron(CronExpression.EVERY_DAY_AT_3AM, { name: 'digest' })
  async send(): Promise<void> {
    this.seen = whoIsHere();
    await this.sessions.run(this.sessionId, (session) => void session.flash('digest', 'sent'));
  }
}

@Injectable()
class Listeners {
  readonly seen: unknown[] = [];
  readonly responseLeft = new Deferred();
  readonly through = new Deferred();

  constructor(private readonly sessions: SessionManager) {}

  @OnEvent('order.placed')
  placed(): void {
    this.seen.push(whoIsHere());
    Session.increment('orders');
  }

  @OnEvent('order.shipped')
  async shipped({ sessionId }: { sessionId: string }): Promise<void> {
    this.seen.push(whoIsHere());
    await this.responseLeft.promise;
    this.seen.push(whoIsHere());
    await this.sessions.run(sessionId, () => void Session.flash('status', 'Shipped.'));
    this.through.resolve();
  }
}

describe.each(PLATFORMS)('outside of a request on %s', (platform) => {
  it('a timer has no session until SessionManager.run gives it one', async () => {
    await using app = await HandlerApp.start(platform, {
      imports: [ScheduleModule.forRoot()],
      providers: [Digest],
    });
    const visitor = app.visitor();
    const digest = app.app.get(Digest);
    digest.sessionId = await visitor.in((session) => session.put('user', 'ann').id);
    await app.app.get(SchedulerRegistry).getCronJob('digest').fireOnTick();
    expect(digest.seen).toBeInstanceOf(NoSessionError);
    expect(String(digest.seen)).toMatch(/timers, queues, events .* SessionManager\.run\(id/);
    expect(await visitor.in((session) => session.flashMessages.get('digest'))).toBe('sent');
  });

  it('a timer started by a request has no session once the response has ended, and the error says why', async () => {
    await using app = await HandlerApp.start(platform, { imports: [ScheduleModule.forRoot()] });
    const left = new Deferred();
    const seen = new Deferred<unknown>();
    await app.visitor().in((session) => {
      session.put('user', 'ann');
      const timer = setTimeout(() => void left.promise.then(() => seen.resolve(whoIsHere())), 0);
      app.app.get(SchedulerRegistry).addTimeout('later', timer);
    });
    left.resolve();
    expect(String(await seen.promise)).toMatch(/response has ended.* SessionManager\.run/);
  });

  it('a listener has the session of the emitting request, and its writes are stored with it', async () => {
    await using app = await HandlerApp.start(platform, {
      imports: [EventEmitterModule.forRoot()],
      providers: [Listeners],
    });
    const [ann, bob] = [app.visitor(), app.visitor()];
    const events = app.app.get(EventEmitter2);
    await Promise.all([
      ann.in((session) => session.put('user', 'ann')),
      bob.in((session) => session.put('user', 'bob')),
    ]);
    await Promise.all([
      ann.in(() => events.emit('order.placed', {})),
      bob.in(() => events.emitAsync('order.placed', {})),
    ]);
    expect(new Set(app.app.get(Listeners).seen)).toEqual(new Set(['ann', 'bob']));
    expect(await ann.in((session) => session.get('orders'))).toBe(1);
  });

  it('a listener that continues after the response has only the session that SessionManager.run gives it', async () => {
    await using app = await HandlerApp.start(platform, {
      imports: [EventEmitterModule.forRoot()],
      providers: [Listeners],
    });
    const ann = app.visitor();
    const listeners = app.app.get(Listeners);
    await ann.in((session) => {
      app.app.get(EventEmitter2).emit('order.shipped', { sessionId: session.put('user', 'ann').id });
    });
    listeners.responseLeft.resolve();
    await listeners.through.promise;
    expect(listeners.seen).toEqual(['ann', expect.any(NoSessionError)]);
    expect(await ann.in((session) => session.flashMessages.get('status'))).toBe('Shipped.');
  });

  it('a listener to an event emitted outside of a request has no session', async () => {
    await using app = await HandlerApp.start(platform, {
      imports: [EventEmitterModule.forRoot()],
      providers: [Listeners],
    });
    app.app.get(EventEmitter2).emit('order.placed', {});
    expect(app.app.get(Listeners).seen).toEqual([expect.any(NoSessionError)]);
  });
});
