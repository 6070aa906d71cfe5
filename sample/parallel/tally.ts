/** How many requests the page "Fifty at once" sends. */
export const REQUEST_COUNT = 50;

/** The result of the requests: each adds one to the count, and its name to the names. */
export interface Tally {
  count: number;
  names: number[];
}
