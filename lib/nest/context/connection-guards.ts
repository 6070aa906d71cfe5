import { type CanActivate, ForbiddenException, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
// Nest exports it nowhere else; it stands there in 11 and in 12.
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { isObservable, lastValueFrom } from 'rxjs';

/** Where Nest keeps the guards of a method. */
const GUARDS_METADATA = '__guards__';

type Guard = CanActivate | Type<CanActivate>;

/** The module of a gateway, where Nest has made the guards that are classes. */
export interface GuardHome {
  getProviderByKey(key: typeof ModuleRef): { readonly instance: ModuleRef };
}

/** The guards that `@UseGuards()` has put on `handleConnection`: Nest itself asks none before it calls that. */
export function guardsOf(hook: object): readonly Guard[] {
  const guards: unknown = Reflect.getMetadata(GUARDS_METADATA, hook);
  return Array.isArray(guards) ? guards : [];
}

/**
 * Asks guards, one after the other, whether a client may connect. They are told what they are told of a message, with what
 * `handleConnection` is called with for arguments.
 *
 * @throws ForbiddenException where one says no, and whatever one throws
 */
export async function assertAdmitted(
  guards: readonly Guard[],
  home: GuardHome,
  gateway: object,
  hook: () => unknown,
  args: unknown[],
): Promise<void> {
  const context = new ExecutionContextHost(args, constructorOf(gateway), hook);
  context.setType('ws');
  for (const guard of guards) {
    const instance =
      'canActivate' in guard ? guard : await home.getProviderByKey(ModuleRef).instance.resolve(guard);
    const answer = instance.canActivate(context);
    if (!(await (isObservable(answer) ? lastValueFrom(answer) : answer)))
      throw new ForbiddenException('Forbidden resource');
  }
}

function constructorOf(gateway: object): Type | null {
  const { constructor } = gateway;
  return isType(constructor) ? constructor : null;
}

function isType(value: unknown): value is Type {
  return typeof value === 'function';
}
