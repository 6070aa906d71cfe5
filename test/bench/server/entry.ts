/** The process of one variant: starts it, reports its port, and answers the benchmark's questions. */
import 'reflect-metadata';
import { mkdirSync } from 'node:fs';
import { Session as Inspector } from 'node:inspector/promises';
import type { AddressInfo } from 'node:net';
import { argv, cpuUsage, env, exit } from 'node:process';
import { updateVariants } from '../lost-updates/variants.js';
import { findVariant } from '../variants/catalogue.js';
import type { Answers, Ask, Listening, Question, Reply } from './messages.js';

const samplingIntervalMicros = 200;

let statements = 0;
const inspector = new Inspector();

const answers: { [Q in Question]: () => Answers[Q] | Promise<Answers[Q]> } = {
  cpu: () => {
    const { user, system } = cpuUsage();
    return user + system;
  },
  statements: () => statements,
  'start profile': async () => {
    inspector.connect();
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.setSamplingInterval', { interval: samplingIntervalMicros });
    await inspector.post('Profiler.start');
    return null;
  },
  'stop profile': async () => {
    const { profile } = await inspector.post('Profiler.stop');
    inspector.disconnect();
    return profile;
  },
};

function send(message: Listening | Reply): void {
  process.send?.(message);
}

process.on('message', (message: Ask) => {
  void Promise.resolve(answers[message.question]()).then((answer) => send({ id: message.id, answer }));
});
// The benchmark has ended, for whatever reason.
process.on('disconnect', () => exit(0));

const folder = env['BENCH_FOLDER'] ?? '';
mkdirSync(folder, { recursive: true });
const name = argv[2] ?? '';
const variant = updateVariants.find((other) => other.name === name) ?? findVariant(name);
const start = await variant.load();
const app = await start({
  redisUrl: env['BENCH_REDIS_URL'] ?? '',
  folder,
  onStatement:
    env['BENCH_COUNT'] === '1'
      ? () => {
          statements++;
        }
      : undefined,
});
await app.listen(0, '127.0.0.1');
const { port }: AddressInfo = app.getHttpServer().address();
send({ port });
