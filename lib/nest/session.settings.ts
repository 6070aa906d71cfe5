import { TextSealer } from '../crypto/text-sealer.js';
import { type TokenSetup, setUpCookies } from '../http/cookie/cookie-setup.js';
import { withoutText } from '../options/read-option.js';
import type { SessionModuleOptions } from '../options/session.options.js';
import { type OptionSettings, optionSettings } from '../options/option-table.js';
import { SessionConfigError } from '../session.errors.js';
import { isObject } from '../state/values.js';

/** The injection token of the settings. */
export const SESSION_SETTINGS = Symbol('nestjs-session-kit settings');

/**
 * The options with defaults filled in and values checked, and what is derived from `secret`, `cookie` and
 * `header`.
 */
export type SessionSettings = Omit<OptionSettings, 'secret' | 'cookie' | 'header'> &
  TokenSetup & {
    /** Seals ledger entries, whatever cookie or header a request came with. */
    readonly ledgerSealer: TextSealer;
    /** Seals payloads if the option `encrypt` is set, and opens sealed ones. */
    readonly payloadSealer: TextSealer;
    /** Seals the cursors of lists of a user's sessions. */
    readonly cursorSealer: TextSealer;
    /** Whether a test has replaced the application's options. */
    readonly isTest: boolean;
  };

/**
 * Checks the options and converts them to the settings that the module works with.
 *
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export function resolveSettings(options: SessionModuleOptions): SessionSettings {
  if (!isObject(options)) {
    throw new SessionConfigError(
      `The factory of SessionModule.forRootAsync returned ${withoutText(options)}; it has to return an object with at least 'secret'.`,
    );
  }
  const { secret: secrets, cookie, header, ...settings } = optionSettings(options);
  const tokens = setUpCookies(cookie, { secrets, maxCookies: settings.stealth.maxCookies, header });
  const payloadSealer = new TextSealer(secrets, 'payloads of records');
  const ledgerSealer = new TextSealer(secrets, 'lines of a ledger');
  const cursorSealer = new TextSealer(secrets, 'cursors of lists');
  return { ...settings, ...tokens, payloadSealer, ledgerSealer, cursorSealer, isTest: false };
}

/** The drivers an application uses: the one that the option `driver` names, and the ledger of `stealth`. */
export function driversInUse({
  driver,
  stealth: { ledger },
}: SessionSettings): readonly [driver: string] | readonly [driver: string, ledger: string] {
  return driver === 'stealth' && ledger !== undefined ? [driver, ledger] : [driver];
}
