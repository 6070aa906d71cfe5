const format = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });

const UNITS = [
  ['day', 24 * 60 * 60 * 1000],
  ['hour', 60 * 60 * 1000],
  ['minute', 60 * 1000],
] as const;

/**
 * How long ago something was, in the largest whole unit: `5 minutes ago`, `yesterday`.
 *
 * @param epochMs when it was; a time in the future, from a clock that differs, counts as now
 */
export function timeAgo(epochMs: number, nowMs = Date.now()): string {
  const ms = nowMs - epochMs;
  const unit = UNITS.find(([, unitMs]) => ms >= unitMs);
  return unit === undefined ? 'just now' : format.format(-Math.floor(ms / unit[1]), unit[0]);
}
