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
 * The functions available in every template. They get their data as arguments. The session module gives every
 * page `session`, `flashMessages`, `old(key)` and `errors(field)`.
 */
export function templateHelpers(accounts: AccountsService) {
  return {
    countItems,
    formatPrice,
    /** The signed-in account, or null. The id of a deleted account counts as signed out. */
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
