import { type CanActivate, ForbiddenException, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
// Not exported anywhere else; this path exists in Nest 11 and 12.
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { isObservable, lastValueFrom } from 'rxjs';

/** Metadata key of a method's guards. */
const GUARDS_METADATA = '__guards__';

type Guard = CanActivate | Type<CanActivate>;

/** The module of a gateway, in which Nest has instantiated its guard classes. */
export interface GuardHome {
  getProviderByKey(key: typeof ModuleRef): { readonly instance: ModuleRef };
}

/** The guards that `@UseGuards()` put on `handleConnection`. Nest itself calls the hook without asking them. */
export function guardsOf(hook: object): readonly Guard[] {
  const guards: unknown = Reflect.getMetadata(GUARDS_METADATA, hook);
  return Array.isArray(guards) ? guards : [];
}

/**
 * Asks guards, one after the other, whether a client may connect. They get the same context as for a message,
 * with the arguments of `handleConnection`.
 *
 * @throws ForbiddenException if a guard refuses; also rethrows what a guard throws
 */
export async function assertAdmitted(
  guards: readonly Guard[],
  home: GuardHome,
  gateway: object,
  hook: () => unknown,
  args: unknown[],
): Promise<void> {
  const { constructor } = gateway;
  const context = new ExecutionContextHost(args, isType(constructor) ? constructor : null, hook);
  context.setType('ws');
  for (const guard of guards) {
    const instance =
      'canActivate' in guard ? guard : await home.getProviderByKey(ModuleRef).instance.resolve(guard);
    const answer = instance.canActivate(context);
    if (!(await (isObservable(answer) ? lastValueFrom(answer) : answer)))
      throw new ForbiddenException('Forbidden resource');
  }
}

function isType(value: unknown): value is Type {
  return typeof value === 'function';
}
