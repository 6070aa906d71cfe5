/** The initial number of each session. Six digits, like all later ones, so that all answers have the same size. */
export const firstViews = 100_000;
const lastViews = 999_999;

let views = firstViews;

/** The number for the next write, different each time. */
export function nextViews(): number {
  views = views >= lastViews ? firstViews : views + 1;
  return views;
}

/** The answer of every variant on every measured route. */
export interface Answer {
  readonly views: unknown;
}

/** The content of a measured session: about 1 KB of JSON, such as a shop would store. */
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
