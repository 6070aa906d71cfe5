/** How many tokens are remembered at most, in two halves: about a megabyte. */
const HALF = 2048;

/**
 * Remembers which tokens were found to be ours: a visitor sends the same one with each request, and looking it up costs
 * a tenth of computing its signature again. Only what was verified is remembered, so a stranger cannot fill it, and a
 * lookup by hash tells nothing about how much of a forged token is right.
 */
export class VerifiedTokens {
  #recent = new Map<string, string>();
  #older = new Map<string, string>();

  /** The id of a token that was verified lately, or undefined. */
  get(token: string): string | undefined {
    const recent = this.#recent.get(token);
    if (recent !== undefined) return recent;
    const older = this.#older.get(token);
    if (older !== undefined) this.add(token, older);
    return older;
  }

  add(token: string, id: string): void {
    if (this.#recent.size >= HALF) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(token, id);
  }
}
