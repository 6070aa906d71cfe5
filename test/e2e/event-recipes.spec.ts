import { Injectable, Logger, type Type } from '@nestjs/common';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { metrics, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { loadedSnippet } from '../support/loaded-snippet.js';
import { PLATFORMS } from '../support/test-app.js';

@Injectable()
class Listening {
  readonly heard: unknown[] = [];

  @OnEvent('session.signed-in')
  signedIn(message: unknown): void {
    this.heard.push(message);
  }
}

afterEach(() => {
  vi.restoreAllMocks();
  metrics.disable();
  trace.disable();
});

describe.each(PLATFORMS)('the recipe on %s', (platform) => {
  let recipes: Record<'AuditLog' | 'SessionMetrics' | 'SessionSpans' | 'SessionEmitter', Type>;
  beforeAll(async () => {
    const names = ['audit-log.ts', 'session-metrics.ts', 'session-spans.ts', 'session-emitter.ts'];
    const loaded = await Promise.all(names.map((name) => loadedSnippet<Partial<typeof recipes>>(name)));
    recipes = Object.assign({}, ...loaded);
  });

  /** A visitor signs in, changes something and signs out; another one sends a forged cookie. */
  async function visit(app: HandlerApp): Promise<string> {
    const visitor = app.visitor();
    const handle = await visitor.in((session) => session.signIn('ann').handle);
    await visitor.in((session) => session.put('a', 1));
    await app.visitor().in((session) => session.get('a'), { headers: { cookie: 'session=forged' } });
    await visitor.in((session) => session.signOut());
    return handle;
  }

  it('for an audit log writes who signed in, and how it ended', async () => {
    const lines: unknown[] = [];
    vi.spyOn(Logger.prototype, 'log').mockImplementation((line: unknown) => {
      if (typeof line === 'object') lines.push(line);
    });
    let handle = '';
    {
      await using app = await HandlerApp.start(platform, { providers: [recipes.AuditLog] });
      handle = await visit(app);
    }
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    const expected = [
      { what: 'signed in', at, handle, user: 'ann' },
      { what: 'refused', at, reason: 'not-ours' },
      { what: 'signed out', at, handle },
      { what: 'ended', at, handle, reason: 'invalidated' },
    ];
    expect(lines).toEqual(expected);
    // The audit log has stopped with its application.
    await using after = await HandlerApp.start(platform);
    await visit(after);
    expect(lines).toEqual(expected);
  });

  it('for metrics counts what happened, and how long it took', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(provider);
    await using app = await HandlerApp.start(platform, { providers: [recipes.SessionMetrics] });
    await visit(app);
    await provider.forceFlush();
    const points = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap((scope) => scope.metrics)
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => [
          descriptor.name,
          attributes,
          typeof value === 'number' ? value : value.count,
        ]),
      );
    const driver = 'memory';
    expect(points).toEqual(
      expect.arrayContaining([
        ['session.signed_in', { driver }, 0],
        ['session.ended', { driver, reason: 'invalidated' }, 1],
        ['session.refused', { driver, reason: 'not-ours' }, 1],
        ['session.duration', { driver, phase: 'load' }, 2],
        ['session.duration', { driver, phase: 'commit' }, 3],
      ]),
    );
    await provider.shutdown();
  });

  it('for spans says how long each load and each commit took', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    await using app = await HandlerApp.start(platform, { providers: [recipes.SessionSpans] });
    const handle = await visit(app);
    await provider.forceFlush();
    const [commit, load, ...others] = exporter.getFinishedSpans();
    expect(others.map(({ name }) => name)).toEqual(['session commit', 'session load', 'session commit']);
    expect(commit?.name).toBe('session commit');
    expect(commit?.attributes).toEqual({
      'session.driver': 'memory',
      'session.handle': handle,
      'session.attempts': 1,
    });
    expect(load?.attributes).toEqual({ 'session.driver': 'memory', 'session.handle': handle });
    const [seconds, nanoseconds] = load?.duration ?? [0, 0];
    expect(seconds + nanoseconds).toBeGreaterThan(0);
    await provider.shutdown();
  });

  it('for @nestjs/event-emitter hands events on to @OnEvent', async () => {
    await using app = await HandlerApp.start(platform, {
      imports: [EventEmitterModule.forRoot()],
      providers: [recipes.SessionEmitter, Listening],
    });
    const handle = await visit(app);
    expect(app.app.get(Listening).heard).toEqual([{ handle, driver: 'memory', at: expect.any(Number) }]);
  });
});
