/** The currencies that prices can be shown in. */
export const CURRENCIES = ['EUR', 'USD', 'GBP'] as const;

/** One of the currencies. */
export type Currency = (typeof CURRENCIES)[number];

/** Units of a currency per euro. Fixed, as this is a demonstration. */
const RATES: Record<Currency, number> = { EUR: 1, USD: 1.1, GBP: 0.85 };

/**
 * Formats a price.
 *
 * @param cents in euro cents
 * @param currency to show it in. Default euro
 */
export function formatPrice(cents: number, currency: Currency = 'EUR'): string {
  return new Intl.NumberFormat('en-IE', { style: 'currency', currency }).format(
    (cents / 100) * RATES[currency],
  );
}
