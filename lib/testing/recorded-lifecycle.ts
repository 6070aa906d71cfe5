import { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { recordedUser } from '../lifecycle/users/recorded-user.js';

/** A lifecycle that records what is done to its session. */
export class RecordedLifecycle extends SessionLifecycle {
  hasRegenerated = false;
  hasDestroyed = false;
  hasSignedOut = false;
  /** The user who signed in last. */
  signedIn: string | null = null;

  override regenerate(): void {
    this.hasRegenerated = true;
    super.regenerate();
  }

  override invalidate(): void {
    this.hasRegenerated = true;
    this.#noteSignOut();
    super.invalidate();
  }

  override signIn(userId: string | number, duration: number | undefined): void {
    this.signedIn = String(userId);
    super.signIn(userId, duration);
  }

  override destroy(): Promise<void> {
    this.hasDestroyed = true;
    this.#noteSignOut();
    return super.destroy();
  }

  #noteSignOut(): void {
    this.hasSignedOut ||= recordedUser(this.state.readonlyValues, this.userKey) !== null;
  }
}
