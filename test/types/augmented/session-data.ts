/** A line of the cart. */
export interface CartLine {
  sku: string;
  quantity: number;
}

// Global for the whole program, which is why it has a folder of its own.
declare module 'nestjs-session-kit' {
  interface SessionData {
    userId: string;
    views: number;
    cart: CartLine[];
    theme: 'dark' | 'light';
    nickname: string | null;
    user: { name: string; teams: string[] };
  }
}
