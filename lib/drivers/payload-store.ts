import type { RecordDriver, SessionRecord } from './driver.js';

/** The methods of a driver that records pass. */
export type PayloadStore = Pick<
  RecordDriver,
  'read' | 'write' | 'touch' | 'destroy' | 'destroyVersion' | 'listByUser'
>;

/** What becomes of the payload of a record on its way out of a store, and into it. */
interface PayloadForm {
  readonly opened: <R extends SessionRecord>(id: string, record: R) => R;
  readonly sealed: (id: string, record: SessionRecord) => SessionRecord;
}

/** A store that keeps payloads in another form than those see who use it. All else passes as it is. */
export function payloadStore(store: PayloadStore, { opened, sealed }: PayloadForm): PayloadStore {
  const { destroyVersion, listByUser } = store;
  return {
    async read(id) {
      const record = await store.read(id);
      return record === null ? null : opened(id, record);
    },
    write: (id, record) => store.write(id, sealed(id, record)),
    touch: (id, expiresAt) => store.touch(id, expiresAt),
    destroy: (id) => store.destroy(id),
    ...(destroyVersion && { destroyVersion: (id, version) => destroyVersion.call(store, id, version) }),
    ...(listByUser && {
      async listByUser(userId, cursor) {
        const page = await listByUser.call(store, userId, cursor);
        return { ...page, records: page.records.map((record) => opened(record.id, record)) };
      },
    }),
  };
}
