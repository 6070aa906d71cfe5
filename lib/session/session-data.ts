/**
 * The typed keys of your sessions. Empty here; declare your own, and every `get`, `put`, `has`, `pull`, ... and
 * `@Session('userId')` knows them. Keys that are not declared stay `unknown`.
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
