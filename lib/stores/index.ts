export { connectStore } from './connect-store.js';
export type { ConnectStore } from '../drivers/connect-store.js';
export { keyvStore, type KeyvStore } from './keyv-store.js';
