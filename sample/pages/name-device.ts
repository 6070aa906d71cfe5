import { parse } from 'bowser';

/** A readable name for the device of a user agent: `Firefox on Windows`. */
export function nameDevice(userAgent: string | null): string {
  if (userAgent === null || userAgent === '') return 'An unknown device';
  const { browser, os } = parse(userAgent);
  if (browser.name === undefined || browser.name === '')
    return os.name === undefined ? 'An unknown device' : `A program on ${os.name}`;
  return os.name === undefined ? browser.name : `${browser.name} on ${os.name}`;
}
