import { text } from './checks.js';
import { type Table, group } from './read-table.js';

/**
 * What stands under `file` in the options.
 *
 * @example
 * file: { location: '/var/lib/shop/sessions' }
 */
export interface FileDriverOptions {
  /**
   * The folder that sessions are kept in, relative to the working directory. It is made where it is missing, for its
   * owner alone (0700). Default `storage/sessions`.
   */
  location?: string;
}

/** Checks what stands under `file`, and fills the defaults in. */
export const fileOptions = group({
  location: { default: 'storage/sessions', check: text('the path of a folder', /^[^\0]+$/) },
} satisfies Table & Record<keyof FileDriverOptions, unknown>);
