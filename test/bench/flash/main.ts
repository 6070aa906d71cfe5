/** Measures the cost of flashing a form by its number of fields: the cost per field must stay the same. */
import { argv } from 'node:process';
import { parseArgs } from 'node:util';
import { Controller, Get, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Session, SessionModule } from 'nestjs-session-kit';
import { fastifyApp } from '../variants/nest-app.js';
import { secret } from '../variants/secrets.js';

const usage = `npm run bench -- flash [options]

  --sizes <numbers>     how many fields; default 10,100,1000,4000
  --rounds <n>          how often each is measured; default 30
  --node 24|own         default 24
  --no-build            the package as it was built last`;

/** The measured steps, in the order of the columns. */
const steps = [
  'flashAll, and a message',
  'commit',
  'again, and commit',
  'reflash',
  'keep, one by one',
  'commit of what was kept',
] as const;

/** The duration of each step, in ms. */
type Times = Record<(typeof steps)[number], number>;

const times: Times = Object.fromEntries(steps.map((step) => [step, 0])) as Times;

async function timed(step: keyof Times, work: () => unknown): Promise<void> {
  const begun = performance.now();
  await work();
  times[step] = performance.now() - begun;
}

@Controller()
class FormController {
  @Post('form')
  async form(@Session() session: Session): Promise<object> {
    const flash = (): Session => session.flashAll().flash('errors.email', 'Give an e-mail address.');
    await timed('flashAll, and a message', flash);
    await timed('commit', () => session.commit());
    await timed('again, and commit', () => flash().commit());
    return {};
  }

  @Get('reflash')
  async reflash(@Session() session: Session): Promise<object> {
    await timed('reflash', () => session.reflash());
    return {};
  }

  @Get('keep')
  async keep(@Session() session: Session): Promise<object> {
    const keys = Object.keys(session.flashMessages.all());
    await timed('keep, one by one', () => {
      for (const key of keys) session.keep(key);
    });
    await timed('commit of what was kept', () => session.commit());
    return {};
  }
}

/** Half of the names contain dots and share the part before the dot. */
function formOf(size: number): Record<string, string> {
  const names = Array.from(
    { length: size },
    (_, index) => `${index % 2 === 0 ? 'address.' : ''}field${index}`,
  );
  return Object.fromEntries(names.map((name) => [name, 'what was typed']));
}

/** A visitor submits a form, and its page is shown twice. */
async function visit(app: NestFastifyApplication, size: number): Promise<Times> {
  let cookie = '';
  for (const [method, url] of [
    ['POST', '/form'],
    ['GET', '/reflash'],
    ['GET', '/keep'],
  ] as const) {
    const response = await app.inject({
      method,
      url,
      headers: { cookie },
      ...(method === 'POST' && { payload: formOf(size) }),
    });
    if (response.statusCode >= 300) throw new Error(`${method} ${url} answered ${response.statusCode}`);
    const [sent] = response.cookies;
    if (sent !== undefined) cookie = `${sent.name}=${sent.value}`;
  }
  return { ...times };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: argv.slice(2),
    options: {
      sizes: { type: 'string', default: '10,100,1000,4000' },
      rounds: { type: 'string', default: '30' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const sizes = values.sizes.split(',').map(Number);
  const app = await fastifyApp(FormController, [SessionModule.forRoot({ secret, driver: 'memory' })]);
  await app.init();
  try {
    const rounds = Array.from({ length: Number(values.rounds) });
    // Let the code be compiled before anything is measured.
    for (const size of sizes) for (const _ of rounds.slice(0, 10)) await visit(app, size);
    console.log(`Node ${process.versions.node}: us for each field, half of them with dots in their names.\n`);
    console.log(`| fields | ${steps.join(' | ')} |\n| --- |${' --- |'.repeat(steps.length)}`);
    for (const size of sizes) {
      const measured: Times[] = [];
      for (const _ of rounds) measured.push(await visit(app, size));
      const cells = steps.map((step) => {
        const ms = median(measured.map((each) => each[step]));
        return ((ms * 1000) / size).toFixed(2);
      });
      console.log(`| ${size} | ${cells.join(' | ')} |`);
    }
  } finally {
    await app.close();
  }
}

await main();
