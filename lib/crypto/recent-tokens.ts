import { ownText } from '../state/own-text.js';
import { RecentTexts } from '../state/recent-texts.js';

/**
 * A cache for tokens that were verified to be ours. Tokens are copied, so that the header they are a slice of
 * is not kept alive.
 */
export class RecentTokens<V> extends RecentTexts<V> {
  protected override own(token: string): string {
    return ownText(token);
  }
}
