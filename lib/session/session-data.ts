/**
 * The typed keys of your sessions. Empty by default: declare your own, and `get`, `put`, `has`, `pull`, ...
 * and `@Session('userId')` know their types. Keys that are not declared stay `unknown`.
 *
 * @example
 * declare module 'nestjs-session-kit' {
 *   interface SessionData {
 *     userId: string;
 *     cart: CartLine[];
 *   }
 * }
 */
// oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type -- applications add to it
export interface SessionData {}
