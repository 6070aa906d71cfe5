/** The number that every session begins with. Six digits, as all that follow, so that all answers are of one size. */
export const firstViews = 100_000;
const lastViews = 999_999;

let views = firstViews;

/** The number that the next write stores: each call another one. */
export function nextViews(): number {
  views = views >= lastViews ? firstViews : views + 1;
  return views;
}

/** What every variant answers, on every route that is measured. */
export interface Answer {
  readonly views: unknown;
}

/** What a session holds while it is measured: about 1 KB of JSON, such as a shop would keep. */
export function sessionContent(): Record<string, unknown> {
  return {
    views: firstViews,
    userId: '5f0c2f6e-8a0b-4f51-9a51-6a0d3a5f9c11',
    user: {
      name: 'Ada Lovelace',
      email: 'ada.lovelace@example.org',
      roles: ['customer', 'reviewer'],
      teams: [
        { id: 17, name: 'Analytical engines', since: '2024-02-11T09:30:00.000Z' },
        { id: 23, name: 'Difference engines', since: '2025-06-01T14:05:00.000Z' },
      ],
    },
    cart: Array.from({ length: 6 }, (_, index) => ({
      sku: `NB-2026-${1000 + index}`,
      title: 'Notebook, dotted, 160 pages',
      quantity: index + 1,
      price: 12.9,
    })),
    preferences: { language: 'en-GB', currency: 'EUR', theme: 'dark', newsletter: false, pageSize: 24 },
    csrf: 'kZ0T5vVQYw2s1uJx7n3m9cRb4e6a8dLf',
    lastSeen: '2026-03-14T15:09:26.535Z',
  };
}
