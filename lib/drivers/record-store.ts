import type { RecordDriver } from './driver.js';

/**
 * The driver methods that sessions use, behind the driver's guard. A call may take as long as the limit allows,
 * and fails with a SessionStoreError.
 */
export type RecordStore = Pick<
  RecordDriver,
  'read' | 'write' | 'touch' | 'destroy' | 'destroyVersion' | 'listByUser'
>;
