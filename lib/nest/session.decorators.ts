import {
  type ExecutionContext,
  Injectable,
  type PipeTransform,
  type Type,
  UseInterceptors,
  createParamDecorator,
} from '@nestjs/common';
import { requiredSession } from './current-session.js';
import { DRIVER_NAME } from './drivers/provided-drivers.js';
import { SessionInterceptor } from './session.interceptor.js';
import { FlashMessages } from '../session/flash-messages.js';
import { RequestSession } from '../session/request-session.js';
import type { SessionData } from '../session/session-data.js';
import type { AnyKey } from '../session/session-keys.js';
import { withFacade } from './session.facade.js';

type Pipe = Type<PipeTransform> | PipeTransform;

// A separate interface, not a type argument: the build writes out inferred types, at a point where no keys are
// declared, so editors would not offer the keys that an application declares.
/**
 * The arguments of `@Session(...)`: nothing, a declared key or any other key, and pipes.
 *
 * @example
 * show(@Session('userId', ParseIntPipe) userId: number) { return this.users.find(userId); }
 */
export interface SessionParameter {
  /**
   * Passes the session of the request.
   *
   * @param pipes pipes of Nest, as instances or classes. Default: none
   * @throws NoSessionError in the request, if there is no session
   */
  (...pipes: Pipe[]): ParameterDecorator;
  /**
   * Passes one value of the session; undefined if it is missing.
   *
   * @param key dot path; a key that exists literally wins
   * @param pipes pipes of Nest, as instances or classes. Default: none
   * @throws NoSessionError in the request, if there is no session
   */
  (key: AnyKey<SessionData>, ...pipes: Pipe[]): ParameterDecorator;
}

/**
 * The arguments of `@Flash(...)`: nothing or a key, and pipes.
 *
 * @example
 * index(@Flash('status') status?: string) { return { status }; }
 */
export interface FlashParameter {
  /**
   * Passes all messages as `FlashMessages`.
   *
   * @param pipes pipes of Nest, as instances or classes. Default: none
   * @throws NoSessionError in the request, if there is no session
   */
  (...pipes: Pipe[]): ParameterDecorator;
  /**
   * Passes one message; undefined if it is missing.
   *
   * @param key dot path
   * @param pipes pipes of Nest, as instances or classes. Default: none
   * @throws NoSessionError in the request, if there is no session
   */
  (key: string, ...pipes: Pipe[]): ParameterDecorator;
}

const sessionParameter = createParamDecorator((key: string | undefined, context: ExecutionContext) => {
  const session = requiredSession(context).handOut();
  return key === undefined ? session : session.get(key);
});

const flashParameter = createParamDecorator((key: string | undefined, context: ExecutionContext) => {
  const { flashMessages } = requiredSession(context).handOut();
  return key === undefined ? flashMessages : flashMessages.get(key);
});

/** Makes a parameter decorator also add the interceptor to its handler. */
function committing(decorator: ParameterDecorator): ParameterDecorator {
  return (target, key, index) => {
    decorator(target, key, index);
    if (key === undefined) return;
    const descriptor = Object.getOwnPropertyDescriptor(target, key);
    const handler: unknown = descriptor?.value;
    if (descriptor === undefined || typeof handler !== 'function') return;
    hideType(target, key, index);
    UseInterceptors(SessionInterceptor)(target, key, descriptor);
  };
}

/**
 * Hides the parameter's type. A ValidationPipe with `validateCustomDecorators` would make a new object of it,
 * and the handler would get neither its request's session nor its messages. Some compilers (swc, esbuild's
 * successors) also emit the value `Session`, which is a function and not a class, where tsc emits Object.
 */
function hideType(target: object, key: string | symbol, index: number): void {
  const types: unknown = Reflect.getMetadata('design:paramtypes', target, key);
  if (!Array.isArray(types)) return;
  const type: unknown = types[index];
  if (type === Session || type === RequestSession || type === FlashMessages) types[index] = Object;
}

function sessionDecorator(...args: (string | Pipe)[]): ParameterDecorator {
  return committing(sessionParameter(...keyFirst(args)));
}

/**
 * The session under one name: the decorator that passes it to a handler, the type of that parameter, and the
 * facade through which any service reaches the session of the current request.
 *
 * A key is a dot path; a missing value is undefined. Where there is no session (outside a request, or on a
 * route that the option `exclude` names), all of them throw NoSessionError.
 *
 * @example
 * // decorator and type
 * index(@Session() session: Session) { return session.get('cart', []); }
 * // one value, with pipes
 * show(@Session('userId', ParseIntPipe) userId: number) {}
 * // facade
 * Session.put('lastSearch', query);
 */
export const Session = withFacade<SessionParameter>(sessionDecorator);

/** The session of a request; a type argument gives it keys of your own. See RequestSession for its members. */
export type Session<T extends object = SessionData> = RequestSession<T>;

/**
 * What the previous request flashed: everything as `FlashMessages`, or one message by its dot path, undefined
 * if it is missing. Takes pipes and throws NoSessionError, like `@Session()`.
 *
 * @example
 * form(@Flash() messages: FlashMessages) { return { errors: messages.get('errors', {}) }; }
 * index(@Flash('status') status?: string) { return { status }; }
 */
export const Flash: FlashParameter = (...args: (string | Pipe)[]) =>
  committing(flashParameter(...keyFirst(args)));

/** Nest takes the class of a pipe for a key, and not for a pipe, if its `transform` is a property, not a method. */
function keyFirst(args: (string | Pipe)[]): (string | Pipe | undefined)[] {
  return typeof args[0] === 'function' ? [undefined, ...args] : args;
}

/**
 * Registers a provider as a session driver, with full Nest injection. Its `open(config)` receives the option of
 * the same name.
 *
 * @param name what the option `driver` names
 * @example
 * // above the class: `@SessionDriver('mongo')`
 * export class MongoSessionDriver implements RecordDriver {
 *   constructor(private readonly mongo: MongoService) {}
 * }
 */
export function SessionDriver(name: string): ClassDecorator {
  return (target) => {
    Injectable()(target);
    Reflect.defineMetadata(DRIVER_NAME, name, target);
  };
}
