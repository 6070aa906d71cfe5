import type { DiscoveryService } from '@nestjs/core';
import { methodsOf } from '../handler-methods.js';

/** Where Nest keeps the parameters of a handler, and whether its `@Res()` is for headers and the like alone. */
const ROUTE_ARGS_METADATA = '__routeArguments__';
const RESPONSE_PASSTHROUGH_METADATA = '__responsePassthrough__';

/** A parameter that is `@Res()` (1) or `@Next()` (2), with its index behind. */
const ANSWERING = /^[12]:/;

const answering = new WeakSet<object>();

/** Whether a handler answers by its response object, so that Nest sends nothing that it returns. */
export function answersItself(handler: object): boolean {
  return answering.has(handler);
}

/** Finds the handlers that do so: `@Res()` without `passthrough`, or `@Next()`. To be called when controllers are known. */
export function findAnsweringHandlers(discovery: DiscoveryService): void {
  for (const { metatype } of discovery.getControllers()) {
    if (typeof metatype !== 'function') continue;
    for (const { name, method } of methodsOf(metatype.prototype))
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
