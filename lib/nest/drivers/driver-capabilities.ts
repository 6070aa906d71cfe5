const WITH_A_LEDGER = "'stealth' can with a ledger (stealth: { ledger: 'redis' })";

/** Said where the driver in use cannot list a user's sessions. */
export const CAN_LIST = `The drivers memory, file, database and redis can; ${WITH_A_LEDGER}; a driver of your own takes a method listByUser.`;

/** Said where the driver in use keeps no sessions to be ended, or worked with, from outside their requests. */
export const CAN_KEEP = `Drivers that keep records can (redis, database, file, ...); ${WITH_A_LEDGER}, once somebody is signed in.`;
