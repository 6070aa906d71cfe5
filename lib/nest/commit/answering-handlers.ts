import type { DiscoveryService } from '@nestjs/core';
import { methodsOf } from '../handler-methods.js';

/** Metadata keys where Nest keeps a handler's parameters, and whether its `@Res()` is in passthrough mode. */
const ROUTE_ARGS_METADATA = '__routeArguments__';
const RESPONSE_PASSTHROUGH_METADATA = '__responsePassthrough__';

/** A key for a `@Res()` (1) or `@Next()` (2) parameter; its index follows the colon. */
const ANSWERING = /^[12]:/;

const answering = new WeakSet<object>();

/** Whether a handler answers through its response object, so that Nest ignores its return value. */
export function answersItself(handler: object): boolean {
  return answering.has(handler);
}

/**
 * Finds the handlers that answer by themselves: `@Res()` without `passthrough`, or `@Next()`. Call it once
 * controllers are known.
 */
export function findAnsweringHandlers(discovery: DiscoveryService): void {
  for (const { metatype } of discovery.getControllers()) {
    if (typeof metatype !== 'function') continue;
    for (const { name, method } of methodsOf(metatype))
      if (isAnswering(metatype, name)) answering.add(method);
  }
}

function isAnswering(controller: object, name: string): boolean {
  const parameters: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name);
  if (typeof parameters !== 'object' || parameters === null) return false;
  return (
    Object.keys(parameters).some((parameter) => ANSWERING.test(parameter)) &&
    Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, name) !== true
  );
}
