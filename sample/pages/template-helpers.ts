import type { Account } from '../accounts/account.js';
import type { AccountsService } from '../accounts/accounts.service.js';
import { countItems } from '../cart/cart.js';
import { formatPrice } from '../catalogue/price.js';
import { nameDevice } from './name-device.js';
import { timeAgo } from './time-ago.js';

const dateFormat = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
});

/**
 * The functions that every template can call. They are handed what they work on: templates read the session by
 * themselves, as `session`, `flashMessages`, `old(key)` and `errors(field)`, which the session module gives to every page.
 */
export function templateHelpers(accounts: AccountsService) {
  return {
    countItems,
    formatPrice,
    /** The signed-in account, or null. An id of an account that is gone counts as signed out. */
    accountOf: (userId: string | undefined): Account | null => accounts.find(userId),
    /** Epoch milliseconds as text, in UTC. */
    formatDate: (epochMs: number): string => `${dateFormat.format(epochMs)} UTC`,
    formatDuration,
    nameDevice,
    timeAgo,
  };
}

const UNITS = [
  ['year', 365 * 24 * 60 * 60 * 1000],
  ['day', 24 * 60 * 60 * 1000],
  ['hour', 60 * 60 * 1000],
  ['minute', 60 * 1000],
] as const;

/** Milliseconds as text, in the largest unit that fits: `2 hours`. */
function formatDuration(ms: number): string {
  const [unit, length] = UNITS.find(([, unitMs]) => ms >= unitMs) ?? ['minute', 60 * 1000];
  const count = Math.round(ms / length);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
