import ms from 'ms';
import { type Check, refused } from './read-option.js';

/**
 * A span of time, up to a hundred years: milliseconds, or text such as `'30s'`, `'2h'`, `'30 minutes'`, `'7d'`.
 *
 * @example
 * const age: Duration = '8h'; // or 28_800_000
 * session.setDuration(age);
 */
export type Duration = number | string;

/** Ten years of 365 days, in ms: what `permanent` stands for. */
export const TEN_YEARS_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/** The longest span accepted, a hundred years: an expiry has to stay a date that every store can hold. */
const MAX_MS = 10 * TEN_YEARS_MS;

/** The longest delay of a Node timer; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

const isText = (value: unknown): value is ms.StringValue => typeof value === 'string' && value.trim() !== '';

/**
 * The milliseconds of a duration, or null if the value is none: not above zero, text that is not a duration, or
 * more than a hundred years.
 *
 * @param zero whether 0 counts as a duration
 */
export function parseDuration(value: unknown, zero = false): number | null {
  const span = isText(value) && value.length <= 100 ? ms(value) : value;
  if (typeof span !== 'number' || !Number.isFinite(span) || span > MAX_MS) return null;
  return span > 0 || (zero && span === 0) ? Math.ceil(span) : null;
}

/**
 * A span of time, in ms.
 *
 * @param zero whether 0 is allowed
 * @param orElse another value that is accepted
 * @param timer whether the span is for a timer: a longer one than timers support becomes the longest possible
 */
export function duration<const Else extends boolean = never>({
  zero = false,
  timer = false,
  orElse,
}: { zero?: boolean; timer?: boolean; orElse?: Else } = {}): Check<number | Else> {
  const from = zero ? 'from zero on' : 'above zero';
  const text = `milliseconds ${from}, or text such as '30s', '2h', '7d', up to a hundred years`;
  const takes = orElse === undefined ? text : `${text}, or ${orElse}`;
  const most = timer ? LONGEST_TIMER_MS : Infinity;
  return (value, option) => {
    if (orElse !== undefined && value === orElse) return orElse;
    const span = parseDuration(value, zero);
    return span === null ? refused(option, value, takes) : Math.min(span, most);
  };
}
