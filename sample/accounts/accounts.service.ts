import { Injectable, type OnModuleInit } from '@nestjs/common';

import type { Account } from './account.js';
import { DEMO_ACCOUNTS } from './demo-accounts.js';
import { hashPassword, verifyPassword } from './password-hash.js';

/**
 * Keeps the accounts that can sign in. A real shop keeps them in a database; passwords are hashed even here.
 */
@Injectable()
export class AccountsService implements OnModuleInit {
  readonly #accounts = new Map<string, Account>();
  #nobodysHash = '';

  async onModuleInit(): Promise<void> {
    this.#nobodysHash = await hashPassword('the password of nobody');
    for (const { password, ...account } of DEMO_ACCOUNTS) {
      this.#accounts.set(account.id, { ...account, passwordHash: await hashPassword(password) });
    }
  }

  /** The account with an id, or null. */
  find(id: string | undefined): Account | null {
    return id === undefined ? null : (this.#accounts.get(id) ?? null);
  }

  /** The account that an e-mail address and a password belong to, or null. */
  async authenticate(email: string, password: string): Promise<Account | null> {
    const wanted = email.trim().toLowerCase();
    const account = [...this.#accounts.values()].find((candidate) => candidate.email === wanted);
    // An unknown address takes the same time as a wrong password, so timing does not reveal which addresses
    // exist.
    const right = await verifyPassword(password, account?.passwordHash ?? this.#nobodysHash);
    return account && right ? account : null;
  }
}
