/** Somebody who can sign in. */
export interface Account {
  id: string;
  name: string;
  email: string;
  /** What `hashPassword` made of the password. */
  passwordHash: string;
}
