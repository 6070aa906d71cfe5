/** How often a session is tried to be written or removed while others write it. Each time one of them succeeded. */
export const MAX_ATTEMPTS = 200;

/** How often one commit removes or stores, where more becomes due while it waits. */
export const COMMIT_STEPS = 8;
