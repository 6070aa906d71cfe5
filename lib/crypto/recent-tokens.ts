import { ownText } from '../state/own-text.js';
import { RecentTexts } from '../state/recent-texts.js';

/** What tokens stand for that were found to be ours. A token is cut from a header, which is not kept with it. */
export class RecentTokens<V> extends RecentTexts<V> {
  protected override own(token: string): string {
    return ownText(token);
  }
}
