import type { RecordDriver } from './driver.js';

/** What sessions ask of a driver, behind its guard. It may take as long as the limit allows, and fails with a SessionStoreError. */
export type RecordStore = Pick<
  RecordDriver,
  'read' | 'write' | 'touch' | 'destroy' | 'destroyVersion' | 'listByUser'
>;
