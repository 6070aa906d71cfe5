import { IsIn } from 'class-validator';

import { CURRENCIES, type Currency } from '../catalogue/price.js';

/** The themes of the pages; `auto` follows the visitor's system. */
export const THEMES = ['auto', 'light', 'dark'] as const;

/** One of the themes. */
export type Theme = (typeof THEMES)[number];

/** A visitor's preferences, both as the form posts them and as the session stores them. */
export class Preferences {
  @IsIn(THEMES, { message: 'Please choose one of these.' })
  theme: Theme = 'auto';

  @IsIn(CURRENCIES, { message: 'Please choose one of these.' })
  currency: Currency = 'EUR';
}
