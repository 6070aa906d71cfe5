/** What tokens stand for that were found to be ours. */
export { RecentTexts as RecentTokens } from '../state/recent-texts.js';
