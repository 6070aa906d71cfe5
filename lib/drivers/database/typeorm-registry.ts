import type { getMetadataArgsStorage } from 'typeorm';

type MetadataArgsStorage = ReturnType<typeof getMetadataArgsStorage>;

// TypeORM keeps what decorators register in this global, so that several copies of TypeORM find it.
const globalName = 'typeormMetadataArgsStorage';

const isStorage = (value: unknown): value is MetadataArgsStorage =>
  typeof value === 'object' && value !== null && 'tables' in value && Array.isArray(value.tables);

/**
 * Registers an entity with TypeORM as its decorators would, but without loading TypeORM: at once where TypeORM has made
 * its storage, else at the moment when it does.
 *
 * @param register called once with the storage; never where the application does not use TypeORM
 */
export function registerWithTypeOrm(register: (storage: MetadataArgsStorage) => void): void {
  const earlier = Object.getOwnPropertyDescriptor(globalThis, globalName);
  if (earlier !== undefined && isStorage(earlier.value)) {
    register(earlier.value);
    return;
  }
  Object.defineProperty(globalThis, globalName, {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set: (storage: unknown) => {
      Object.defineProperty(globalThis, globalName, {
        configurable: true,
        enumerable: true,
        writable: true,
        value: storage,
      });
      // Another entity may have been waiting before this one.
      earlier?.set?.call(globalThis, storage);
      if (isStorage(storage)) register(storage);
    },
  });
}
