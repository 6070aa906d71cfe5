import { text } from './checks.js';
import { type Table, group } from './read-table.js';

/**
 * The option `file`.
 *
 * @example
 * file: { location: '/var/lib/shop/sessions' }
 */
export interface FileDriverOptions {
  /**
   * The folder for sessions, relative to the working directory. Created if missing, with access for its owner
   * only (0700). Default `storage/sessions`.
   */
  location?: string;
}

export const fileOptions = group({
  location: { default: 'storage/sessions', check: text('the path of a folder', /^[^\0]+$/) },
} satisfies Table & Record<keyof FileDriverOptions, unknown>);
