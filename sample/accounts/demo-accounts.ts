/** An account of the demonstration. Its password is shown on the sign-in page, for everybody to use. */
export interface DemoAccount {
  id: string;
  name: string;
  email: string;
  password: string;
}

/** The accounts that the shop starts with. */
export const DEMO_ACCOUNTS: readonly DemoAccount[] = [
  { id: 'ada', name: 'Ada Lovelace', email: 'ada@example.com', password: 'analytical engine' },
  { id: 'grace', name: 'Grace Hopper', email: 'grace@example.com', password: 'nanoseconds of wire' },
];
