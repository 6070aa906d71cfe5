import { ForbiddenException } from '@nestjs/common';
import type { ApplicationConfig, DiscoveryService } from '@nestjs/core';
import { type Method, declareBound, isBound, isMethod } from '../../http/bind-to-request.js';
import { bindAdapter } from '../../sockets/bound-adapter.js';
import { type SocketConnection, connectionOf } from '../../sockets/socket-connection.js';
import type { SocketSessions } from '../../sockets/socket-sessions.js';
import { MessageInterceptor, committingHandler } from '../commit/message-commits.js';
import { copyMetadata, interceptorsOf, methodsOf, ownerOf, setInterceptors } from '../handler-methods.js';
import { SessionInterceptor } from '../session.interceptor.js';
import { type GuardHome, assertAdmitted, guardsOf } from './connection-guards.js';
import { isObject } from '../../state/values.js';

/**
 * Metadata keys that @nestjs/websockets sets on gateways and on message handlers. Copied, so that the package
 * need not be loaded.
 */
const GATEWAY_METADATA = 'websockets:is_gateway';
const MESSAGE_METADATA = 'websockets:message_mapping';

const interceptor = new MessageInterceptor();
/** The module of each gateway, keyed by gateway; for gateways made per client, keyed by class. */
const homes = new WeakMap<object, GuardHome>();

/**
 * Gives the gateways of an application their sessions. Nest asks for the socket adapter before it registers the
 * first gateway, and only if there is one; all classes and adapters are known by then. Without gateways nothing
 * happens.
 *
 * @param prepare runs once, before any handler is registered
 */
export function bindGateways(
  config: ApplicationConfig,
  discovery: DiscoveryService,
  sockets: SocketSessions,
  prepare: () => void,
): void {
  const adapterOf = config.getIoAdapter.bind(config);
  let isPrepared = false;
  config.getIoAdapter = () => {
    if (!isPrepared) {
      isPrepared = true;
      prepare();
      prepareGateways(discovery);
    }
    // Undefined until Nest has made one, despite its type.
    const adapter: ReturnType<typeof adapterOf> | null | undefined = adapterOf();
    if (adapter) bindAdapter(adapter, sockets);
    return adapter;
  };
}

function prepareGateways(discovery: DiscoveryService): void {
  for (const { metatype, instance, host } of discovery.getProviders()) {
    if (typeof metatype !== 'function' || Reflect.getMetadata(GATEWAY_METADATA, metatype) !== true) continue;
    bindHandlers(metatype);
    commitAroundClass(metatype);
    const gateway: unknown = instance ?? metatype.prototype;
    if (!isObject(gateway)) continue;
    if (host !== undefined) homes.set(gateway, host).set(metatype, host);
    bindHook(gateway, 'handleConnection', (connection, call, admit) => connection.connected(call, admit));
    bindHook(gateway, 'handleDisconnect', (connection, call) => connection.disconnected(call));
  }
}

function bindHandlers(metatype: object): void {
  for (const { holder, name, method } of methodsOf(metatype)) {
    if (Reflect.getMetadata(MESSAGE_METADATA, method) !== true) continue;
    const committing = committingHandler(method);
    commitBeforeAnswer(committing);
    Object.defineProperty(holder, name, { value: committing });
  }
}

/**
 * Adds the interceptor innermost, in place of the one from `@Session()` and `@Flash()`
 * (`commit/install-commits.ts`), and once more around the handler's other interceptors: no response would wait
 * for what those write on the way back.
 */
function commitBeforeAnswer(method: object): void {
  const others = othersAt(method);
  const around = others.length > 0 ? [interceptor] : [];
  setInterceptors(method, [...around, ...others, interceptor]);
}

/**
 * Adds the interceptor around those of a gateway's class. What global interceptors write on the way back is
 * stored after the answer.
 */
function commitAroundClass(metatype: object): void {
  const others = othersAt(metatype);
  if (others.length > 0) setInterceptors(metatype, [interceptor, ...others]);
}

/** The interceptors of a class or a method, except those that commit. */
function othersAt(target: object): unknown[] {
  return interceptorsOf(target).filter((each) => each !== SessionInterceptor && each !== interceptor);
}

/**
 * Runs a Nest hook in the session of its client. If the client is unknown (a test calls the method directly),
 * or if a hook that is already running calls this one (`super.handleConnection`), the hook is called unchanged.
 *
 * @param gateway the instance, or the prototype of a gateway that is made per client
 */
function bindHook(
  gateway: object,
  name: string,
  run: (connection: SocketConnection, call: () => unknown, admit: Admission) => void,
): void {
  const owner = ownerOf(gateway, name);
  // Not the property's value: decorators that bind a method to its object make a getter of it.
  const hook: unknown = owner === null ? undefined : Reflect.get(owner.holder, name);
  if (owner === null || !isMethod(hook) || isBound(hook)) return;
  const value = declareBound<Method>(function (...args) {
    const call = (): unknown => Reflect.apply(hook, this, args);
    const connection = connectionOf(args[0]);
    return connection === undefined || connection.isCurrent
      ? call()
      : run(connection, call, admission(hook, this, args));
  });
  // Another application in the process reads this metadata to learn which guards to make.
  copyMetadata(hook, value);
  Object.defineProperty(owner.holder, name, { value, writable: true, configurable: true });
}

/** Asks the guards of a hook; null if it has none. */
type Admission = (() => Promise<void>) | null;

function admission(hook: Method, gateway: unknown, args: unknown[]): Admission {
  const guards = guardsOf(hook);
  if (guards.length === 0) return null;
  return async () => {
    const home = isObject(gateway) ? (homes.get(gateway) ?? homes.get(gateway.constructor)) : undefined;
    // A gateway that Nest does not know calls its hooks itself. Its guards cannot be asked, so nobody is
    // admitted.
    if (!isObject(gateway) || home === undefined) throw new ForbiddenException('Forbidden resource');
    await assertAdmitted(guards, home, gateway, hook, args);
  };
}
