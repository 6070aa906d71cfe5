/** Secrets of the required length; their sessions last for one run. */
export const secret = 'a secret for one run of the benchmark, of no use later';

/** 32 bytes, for libraries that take a key instead. */
export const key = Buffer.alloc(32, 7);

export const cookieName = 'session';

/** How long sessions live, in milliseconds. */
export const ageMs = 2 * 60 * 60 * 1000;
