import type { Account } from '../accounts/account.js';
import type { AccountsService } from '../accounts/accounts.service.js';
import { countItems } from '../cart/cart.js';
import { formatPrice } from '../catalogue/price.js';

const dateFormat = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
});

/**
 * The functions that every template can call. They are handed what they work on: templates read the session by
 * themselves, as `session`, `flashMessages` and `old(key)`, which the session module gives to every page.
 */
export function templateHelpers(accounts: AccountsService) {
  return {
    countItems,
    formatPrice,
    /** The signed-in account, or null. An id of an account that is gone counts as signed out. */
    accountOf: (userId: string | undefined): Account | null => accounts.find(userId),
    /** Epoch milliseconds as text, in UTC. */
    formatDate: (epochMs: number): string => `${dateFormat.format(epochMs)} UTC`,
  };
}
