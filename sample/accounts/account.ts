/** Somebody who can sign in. */
export interface Account {
  id: string;
  name: string;
  email: string;
  /** The result of `hashPassword` for the password. */
  passwordHash: string;
}
