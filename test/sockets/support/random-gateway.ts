import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import {
  Ack,
  BaseWsExceptionFilter,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import fc from 'fast-check';
import {
  EMPTY,
  type Observable,
  catchError,
  concat,
  concatMap,
  defer,
  finalize,
  from,
  map,
  mergeMap,
  of,
  throwError,
  toArray,
} from 'rxjs';
import { Session, SessionReadonlyError } from 'nestjs-session-kit';
import { type Deeds as AnyDeeds, type Part as AnyPart, deedsOf, pass } from '../../support/session-writes.js';

const WRITES = ['put', 'increment', 'push', 'mutate', 'read'] as const;

interface Write {
  readonly do: (typeof WRITES)[number];
  readonly key: 'a' | 'b';
}

type Deeds = AnyDeeds<Write>;
type Part<Kind extends string> = AnyPart<Kind, Write>;

const GUARDS = ['true', 'promise', 'observable', 'false', 'throw', 'ws'] as const;
const PIPES = ['pass', 'promise', 'throw'] as const;
const INTERCEPTORS = [
  'pass',
  'promise',
  'delay',
  'map',
  'replace',
  'throw',
  'catch',
  'list',
  'finalize',
  'double',
] as const;
const FILTERS = ['base', 'emit', 'silent', 'rethrow'] as const;
const SINGLE = [
  'object',
  'response',
  'undefined',
  'null',
  'zero',
  'text',
  'list',
  'promise',
  'thenable',
  'of',
] as const;
const VALUES = [
  ...SINGLE,
  'several',
  'empty',
  'stream later',
  'throw',
  'ws',
  'reject',
  'failing',
  'failing late',
] as const;
const ROUTES = ['plain', 'parameter', 'ack'] as const;

/** One message to the gateway, and what its parts do with it. */
export interface MessagePlan {
  readonly route: (typeof ROUTES)[number];
  /** Whether the client of socket.io asks for an acknowledgement. */
  readonly isAcknowledged: boolean;
  readonly globalGuard: Part<(typeof GUARDS)[number]>;
  readonly guard: Part<(typeof GUARDS)[number]>;
  readonly pipe: Part<(typeof PIPES)[number]>;
  readonly globalInterceptor: Part<(typeof INTERCEPTORS)[number]>;
  readonly classInterceptor: Part<(typeof INTERCEPTORS)[number]>;
  readonly interceptor: Part<(typeof INTERCEPTORS)[number]>;
  readonly behind: Deeds;
  readonly handler: Part<(typeof VALUES)[number]>;
  readonly during: Deeds;
  readonly filter: Part<(typeof FILTERS)[number]>;
}

const write: fc.Arbitrary<Write> = fc.record({
  do: fc.constantFrom(...WRITES),
  key: fc.constantFrom('a', 'b'),
});

const deeds = deedsOf(write);

const part = <Kind extends string>(usual: Kind, kinds: readonly Kind[], weight = 3) =>
  fc
    .tuple(
      deeds,
      fc.oneof(
        { weight, arbitrary: fc.constant(usual) },
        { weight: 1, arbitrary: fc.constantFrom(...kinds) },
      ),
    )
    .map(([done, kind]): Part<Kind> => ({ ...done, kind }));

const anyMessagePlan: fc.Arbitrary<MessagePlan> = fc.record({
  route: fc.constantFrom(...ROUTES),
  isAcknowledged: fc.boolean(),
  globalGuard: part('true', ['true', 'promise', 'observable']),
  guard: part('true', GUARDS, 6),
  pipe: part('pass', PIPES, 6),
  globalInterceptor: part('pass', INTERCEPTORS),
  classInterceptor: part('pass', INTERCEPTORS),
  interceptor: part('pass', INTERCEPTORS),
  behind: deeds,
  handler: part('response', VALUES, 1),
  during: deeds,
  filter: part('base', FILTERS),
});

/**
 * A failure overtakes the values that an interceptor still delays, and an interceptor that fails at the first value ends
 * what makes the others: how far that gets, depends on time. There is one value then.
 */
function withSteadyFailures(any: MessagePlan): MessagePlan {
  const names = ['globalInterceptor', 'classInterceptor', 'interceptor'] as const;
  const isOneOf = (...kinds: string[]): boolean => names.some((name) => kinds.includes(any[name].kind));
  const plan = { ...any };
  if (isOneOf('throw')) {
    for (const name of names) if (plan[name].kind === 'double') plan[name] = { ...plan[name], kind: 'pass' };
    if (['several', 'stream later'].includes(any.handler.kind)) plan.handler = { ...any.handler, kind: 'of' };
  }
  if (any.handler.kind === 'failing late' && isOneOf('throw', 'delay'))
    plan.handler = { ...any.handler, kind: 'failing' };
  return plan;
}

export const messagePlan = anyMessagePlan.map(withSteadyFailures);

type Values = Record<string, unknown>;

/** What is known of the messages of one history, in one of the two applications. */
export class Notes {
  readonly called: string[] = [];
  readonly problems: unknown[] = [];
  /** What the session holds, told from the writes alone. */
  values: Values;
  /** The texts that were pushed by each message in parts that its answer waits for. */
  readonly pushed = new Map<number, string[]>();

  /**
   * @param values what the session holds at first; null: there is none, so all writes are refused; undefined: the
   * application has no sessions
   */
  constructor(values: Values | null | undefined) {
    this.values = { ...values };
    this.access = values === undefined ? 'none' : values === null ? 'readonly' : 'writes';
  }

  readonly access: 'none' | 'readonly' | 'writes';
}

interface Message {
  readonly n: number;
  readonly key: string;
}

const running = new Map<string, { readonly plan: MessagePlan; readonly notes: Notes }>();

/** Makes a plan known to the gateways; a message with this key performs it. */
export function announce(key: string, plan: MessagePlan, notes: Notes): void {
  running.set(key, { plan, notes });
}

let lastWrite = 0;

function perform(notes: Notes, { do: what, key }: Write, message: Message, isWaitedFor: boolean): void {
  if (notes.access === 'none') return;
  const id = `w${(lastWrite += 1)}`;
  const { values } = notes;
  const act = (change: () => unknown, note: () => void): void => {
    try {
      change();
    } catch (error) {
      if (notes.access !== 'readonly' || !(error instanceof SessionReadonlyError)) notes.problems.push(error);
      return;
    }
    if (notes.access === 'readonly') notes.problems.push(['was not refused', what]);
    note();
  };
  const [text, count, list, object] = [`put ${key}`, `count ${key}`, `list ${key}`, `object ${key}`];
  switch (what) {
    case 'read': {
      const user: unknown = Session.get('user');
      if (user !== values['user']) notes.problems.push(['read', user]);
      return;
    }
    case 'put':
      return act(
        () => Session.put(text, id),
        () => (values[text] = id),
      );
    case 'increment':
      return act(
        () => Session.increment(count),
        () => (values[count] = Number(values[count] ?? 0) + 1),
      );
    case 'push':
      return act(
        () => Session.push(list, id),
        () => {
          values[list] = [...((values[list] ?? []) as string[]), id];
          if (isWaitedFor) notes.pushed.set(message.n, [...(notes.pushed.get(message.n) ?? []), id]);
        },
      );
    case 'mutate': {
      const found = Session.get<Values>(object);
      if (found === undefined) return;
      // Refused only by a commit, which the handler's filters would answer.
      if (notes.access === 'readonly') return;
      found['last'] = id;
      values[object] = { ...(values[object] as Values), last: id };
    }
  }
}

/** Does the deeds of a part, then goes on with its result: at once, if the deeds are synchronous. */
function after<T>(name: string, done: Deeds, message: Message, goOn: () => T): T | Promise<Awaited<T>> {
  const notes = running.get(message.key)?.notes;
  if (notes === undefined) return goOn();
  notes.called.push(`${name} ${message.n}`);
  const isWaitedFor = name !== 'filter' && name !== 'globalInterceptor, behind';
  const act = (): T => {
    for (const each of done.writes) {
      try {
        perform(notes, each, message, isWaitedFor);
      } catch (error) {
        notes.problems.push([name, each, error]);
      }
    }
    return goOn();
  };
  return done.late === 0 ? act() : (pass(done.late).then(act) as Promise<Awaited<T>>);
}

const messageOf = (context: ArgumentsHost): Message => context.switchToWs().getData();

function guardOf(name: 'globalGuard' | 'guard'): Type<CanActivate> {
  @Injectable()
  class OwnGuard implements CanActivate {
    canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
      const message = messageOf(context);
      const own = running.get(message?.key)?.plan[name];
      if (own === undefined) return true;
      const result = after(name, own, message, () => {
        if (own.kind === 'throw') throw new ForbiddenException(`of ${name}`);
        if (own.kind === 'ws') throw new WsException(`of ${name}`);
        return own.kind !== 'false';
      });
      if (own.kind === 'observable') return from(Promise.resolve(result));
      return own.kind === 'promise' ? Promise.resolve(result) : result;
    }
  }
  return OwnGuard;
}

type InterceptorName = 'globalInterceptor' | 'classInterceptor' | 'interceptor';

function interceptorOf(name: InterceptorName): Type<NestInterceptor> {
  @Injectable()
  class OwnInterceptor implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler) {
      const message = messageOf(context);
      const plan = running.get(message?.key)?.plan;
      if (plan === undefined) return next.handle();
      const own = plan[name];
      const behind = <T>(value: T, where = 'behind') =>
        defer(() => from(Promise.resolve(after(`${name}, ${where}`, plan.behind, message, () => value))));
      const shape = (): Observable<unknown> => {
        const handled = next.handle();
        switch (own.kind) {
          case 'pass':
          case 'promise':
            return handled;
          case 'delay':
            return handled.pipe(concatMap((value) => behind(value)));
          case 'map':
            return handled.pipe(
              map((value) =>
                typeof value === 'object' && value?.constructor === Object
                  ? { ...value, mapped: name }
                  : value,
              ),
            );
          case 'replace':
            return behind({ event: 'answer', data: { n: message.n, replaced: name } });
          case 'throw':
            return handled.pipe(
              concatMap((value) => behind(value)),
              mergeMap(() => throwError(() => new WsException(`of ${name} ${message.n}`))),
            );
          case 'catch':
            return handled.pipe(
              catchError((error: unknown) =>
                behind({ event: 'answer', data: { n: message.n, caught: String(error) } }),
              ),
            );
          case 'list':
            return handled.pipe(
              toArray(),
              map((list) => ({ event: 'answer', data: { n: message.n, list } })),
            );
          case 'finalize':
            return handled.pipe(
              finalize(
                () => void running.get(message.key)?.notes.called.push(`${name}, finalize ${message.n}`),
              ),
            );
          case 'double':
            return concat(handled, behind({ event: 'answer', data: { n: message.n, second: name } }));
        }
      };
      const before = after(name, own, message, () => undefined);
      if (before instanceof Promise)
        return own.kind === 'promise' ? before.then(shape) : from(before).pipe(mergeMap(shape));
      return own.kind === 'promise' ? Promise.resolve(shape()) : shape();
    }
  }
  return OwnInterceptor;
}

@Injectable()
class OwnPipe implements PipeTransform {
  transform(message: Message): unknown {
    const own = running.get(message?.key)?.plan.pipe;
    if (own === undefined) return message;
    const result = after('pipe', own, message, () => {
      if (own.kind === 'throw') throw new WsException(`of the pipe ${message.n}`);
      return message;
    });
    return own.kind === 'promise' ? Promise.resolve(result) : result;
  }
}

@Catch()
@Injectable()
class OwnFilter extends BaseWsExceptionFilter {
  override catch(thrown: unknown, host: ArgumentsHost): void {
    const message = messageOf(host);
    const own = running.get(message?.key)?.plan.filter;
    // oxlint-disable-next-line promise/valid-params -- a filter's `catch`, and no promise's
    if (own === undefined) return super.catch(thrown, host);
    // The facade ends with the answer: filters use it before they wait for anything.
    void after('filter', { ...own, late: 0 }, message, () => {
      switch (own.kind) {
        case 'base':
          // oxlint-disable-next-line promise/valid-params -- as above
          return super.catch(thrown, host);
        case 'emit': {
          const client: {
            readyState?: number;
            send(text: string): void;
            emit(event: string, data: object): void;
          } = host.switchToWs().getClient();
          const data = { n: message.n, filtered: String(thrown) };
          if (client.readyState === undefined) return client.emit('filtered', data);
          return client.send(JSON.stringify({ event: 'filtered', data }));
        }
        case 'silent':
          return;
        case 'rethrow':
          throw thrown;
      }
    });
  }
}

function answerOf(plan: MessagePlan, message: Message): unknown {
  const { n } = message;
  const response = (more: object = {}) => ({ event: 'answer', data: { n, ...more } });
  const during = (value: unknown): Observable<unknown> =>
    defer(() => from(Promise.resolve(after('during', plan.during, message, () => value))));
  const act = (): unknown => {
    switch (plan.handler.kind) {
      case 'object':
        return { n };
      case 'response':
        return response();
      case 'undefined':
        return undefined;
      case 'null':
        return null;
      case 'zero':
        return 0;
      case 'text':
        return `text ${n}`;
      case 'list':
        return [{ n }];
      case 'promise':
        return Promise.resolve(response());
      case 'thenable':
        // oxlint-disable-next-line unicorn/no-thenable -- as some libraries return
        return { then: (resolve: (value: unknown) => void) => resolve(response()) };
      case 'of':
        return of(response());
      case 'several':
        return from([1, 2, 3]).pipe(concatMap((value) => during(response({ value }))));
      case 'empty':
        return EMPTY;
      case 'stream later':
        return pass(2).then(() => from([1, 2]).pipe(concatMap((value) => during(response({ value })))));
      case 'throw':
        throw new ForbiddenException(`of the handler ${n}`);
      case 'ws':
        throw new WsException({ status: 'refused', n });
      case 'reject':
        return Promise.reject(new WsException(`rejected ${n}`));
      case 'failing':
        return throwError(() => new WsException(`failed ${n}`));
      case 'failing late':
        return concat(
          during(response()),
          throwError(() => new WsException(`failed late ${n}`)),
        );
    }
  };
  return after('handler', plan.handler, message, act);
}

/** The gateway, and what it needs. Each application has classes of its own. */
export function randomGateway(hasSessions: boolean): { gateway: Type; providers: Provider[] } {
  const nothing: ParameterDecorator = () => undefined;

  @WebSocketGateway()
  @UseInterceptors(interceptorOf('classInterceptor'))
  class RandomGateway implements OnGatewayConnection, OnGatewayDisconnect {
    handleConnection(): void {
      hooks.push('connected');
    }

    handleDisconnect(): void {
      hooks.push('disconnected');
    }

    @SubscribeMessage('ping')
    ping(@MessageBody() data: unknown) {
      return { event: 'pong', data };
    }

    @SubscribeMessage('plain')
    @UseGuards(guardOf('guard'))
    @UseInterceptors(interceptorOf('interceptor'))
    @UseFilters(OwnFilter)
    plain(@MessageBody(OwnPipe) message: Message) {
      return this.#answer(message);
    }

    @SubscribeMessage('parameter')
    @UseGuards(guardOf('guard'))
    @UseInterceptors(interceptorOf('interceptor'))
    @UseFilters(OwnFilter)
    parameter(
      @MessageBody(OwnPipe) message: Message,
      @(hasSessions ? Session() : nothing) _session: unknown,
      @(hasSessions ? Session('user') : nothing) _user: unknown,
    ) {
      return this.#answer(message);
    }

    @SubscribeMessage('ack')
    @UseGuards(guardOf('guard'))
    @UseInterceptors(interceptorOf('interceptor'))
    @UseFilters(OwnFilter)
    ack(@MessageBody(OwnPipe) message: Message, @Ack() ack?: unknown) {
      if (typeof ack === 'function') ack({ n: message.n, by: 'hand' });
      return this.#answer(message);
    }

    #answer(message: Message): unknown {
      const plan = running.get(message.key)?.plan;
      return plan === undefined ? undefined : answerOf(plan, message);
    }
  }

  const hooks: string[] = [];
  return {
    gateway: RandomGateway,
    providers: [
      { provide: APP_GUARD, useClass: guardOf('globalGuard') },
      { provide: APP_INTERCEPTOR, useClass: interceptorOf('globalInterceptor') },
      OwnPipe,
    ],
  };
}

/** Whether nothing writes to the session. */
export const onlyReads = (plan: MessagePlan): boolean =>
  Object.values(plan).every(
    (each) => typeof each !== 'object' || each.writes.every((one: Write) => one.do === 'read'),
  );

/** Whether it is answered once, by its handler, so that whatever the parts before have written is stored by then. */
export function answersOnce({ guard, handler, route, ...parts }: MessagePlan): boolean {
  const interceptors = [parts.globalInterceptor, parts.classInterceptor, parts.interceptor];
  return (
    route !== 'ack' &&
    !['false', 'throw', 'ws'].includes(guard.kind) &&
    SINGLE.some((kind) => kind === handler.kind) &&
    interceptors.every(({ kind }) => kind !== 'double' && kind !== 'replace')
  );
}
