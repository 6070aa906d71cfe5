import { IsIn } from 'class-validator';

import { CURRENCIES, type Currency } from '../catalogue/price.js';

/** How the pages can look; `auto` follows the visitor's system. */
export const THEMES = ['auto', 'light', 'dark'] as const;

/** One of the themes. */
export type Theme = (typeof THEMES)[number];

/** What a visitor chose: at once what the form posts and what the session keeps. */
export class Preferences {
  @IsIn(THEMES, { message: 'Please choose one of these.' })
  theme: Theme = 'auto';

  @IsIn(CURRENCIES, { message: 'Please choose one of these.' })
  currency: Currency = 'EUR';
}
