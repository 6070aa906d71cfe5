import { BullModule, InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Controller, Injectable, Post } from '@nestjs/common';
import { type Job, type Queue, QueueEvents } from 'bullmq';
import { NoSessionError, Session, SessionManager } from 'nestjs-session-kit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestServer, describeWith, startRedis } from '../servers/index.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

interface ExportJob {
  readonly sessionId: string;
}

@Injectable()
class Filters {
  /** A service that knows nothing of jobs. */
  current(): unknown {
    return Session.get('filter');
  }
}

@Processor('exports', { concurrency: 10 })
class Exports extends WorkerHost {
  outside: unknown;

  constructor(
    private readonly sessions: SessionManager,
    private readonly filters: Filters,
  ) {
    super();
  }

  async process(job: Job<ExportJob>): Promise<unknown> {
    try {
      this.filters.current();
    } catch (error) {
      this.outside = error;
    }
    return this.sessions.run(job.data.sessionId, (session) => {
      session.increment('exports');
      session.flash('status', 'Your export is ready.');
      return this.filters.current();
    });
  }
}

@Controller()
class ExportController {
  constructor(@InjectQueue('exports') private readonly queue: Queue<ExportJob>) {}

  @Post('export')
  async start(@Session() session: Session): Promise<unknown> {
    const { id } = await this.queue.add('export', { sessionId: session.id });
    return { id };
  }
}

describeWith(['redis'], 'a queue (@nestjs/bullmq)', () => {
  let server: TestServer;
  beforeAll(async () => void (server = await startRedis({ settings: { 'maxmemory-policy': 'noeviction' } })));
  afterAll(() => server.stop());

  it.each(PLATFORMS)(
    'runs jobs in the session of whoever queued them, and loses no update (%s)',
    async (platform) => {
      const connection = { host: server.host, port: server.port, db: 1 };
      const prefix = `on-${platform}`;
      const events = new QueueEvents('exports', { connection, prefix });
      await using app = await HandlerApp.start(platform, {
        options: { driver: 'redis', redis: { url: server.url } },
        imports: [BullModule.forRoot({ connection, prefix }), BullModule.registerQueue({ name: 'exports' })],
        controllers: [ExportController],
        providers: [Exports, Filters],
      });
      try {
        const queue: Queue<ExportJob> = app.app.get('BullQueue_exports', { strict: false });
        const visitor = app.visitor();
        const sessionId = await visitor.in((session) => session.put('filter', 'this year').id);
        const jobs = await Promise.all(Array.from({ length: 10 }, () => queue.add('export', { sessionId })));
        const [answers] = await Promise.all([
          Promise.all(jobs.map((job) => job.waitUntilFinished(events))),
          ...Array.from({ length: 5 }, () => visitor.in((session) => session.increment('pages'))),
        ]);
        expect(answers).toEqual(Array<string>(10).fill('this year'));
        expect(app.app.get(Exports).outside).toBeInstanceOf(NoSessionError);
        const { body } = await visitor.agent.post('/export');
        const started = await queue.getJob(String(body.id));
        expect(await started?.waitUntilFinished(events)).toBe('this year');
        expect(
          await visitor.in((session) => [
            session.get('exports'),
            session.get('pages'),
            session.flashMessages.get('status'),
          ]),
        ).toEqual([11, 5, 'Your export is ready.']);

        await visitor.in((session) => session.destroy());
        const late = await queue.add('export', { sessionId });
        await expect(late.waitUntilFinished(events)).rejects.toThrow(
          'has ended (signed out, destroyed, expired)',
        );
      } finally {
        await events.close();
      }
    },
  );
});
