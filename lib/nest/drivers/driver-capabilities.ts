const WITH_A_LEDGER = "'stealth' can with a ledger (stealth: { ledger: 'redis' })";

/** Part of errors for a driver that cannot list a user's sessions. */
export const CAN_LIST = `The drivers memory, file, database and redis can; ${WITH_A_LEDGER}; a driver of your own takes a method listByUser.`;

/** Part of errors for a driver that keeps no sessions that could be ended or used from outside their requests. */
export const CAN_KEEP = `Drivers that keep records can (redis, database, file, ...); ${WITH_A_LEDGER}, once somebody is signed in.`;

/** The warning that a driver which keeps no sessions can end none. */
export function endsNone(driver: string): string {
  return `SessionManager.destroy does nothing with the driver "${driver}": it keeps no sessions, so none can be ended from here. ${CAN_KEEP}`;
}
