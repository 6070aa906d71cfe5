/** A change as the model of a session performs it. */
export type ModelChange =
  | { readonly op: 'put'; readonly key: string; readonly value: unknown }
  | { readonly op: 'append'; readonly key: string; readonly text: string }
  | { readonly op: 'increment'; readonly key: string; readonly by: number }
  | { readonly op: 'push'; readonly key: string; readonly value: unknown }
  | { readonly op: 'forget'; readonly key: string }
  | { readonly op: 'flash'; readonly key: string; readonly value: unknown }
  | { readonly op: 'flush' | 'keep' };

/** What happens to the session's id. */
export type Moves = 'stays' | 'regenerate' | 'invalidate';

/** What a visitor sees of a session. */
export interface View {
  readonly values: Readonly<Record<string, unknown>>;
  readonly messages: Readonly<Record<string, unknown>>;
}

/** What a request saw. Reading values has an effect (they may be mutated then), so not all requests do. */
export interface Found {
  readonly values: View['values'] | null;
  readonly messages: View['messages'];
}

/** An operation of a request that took effect at one moment. */
export type Event = {
  /** When it began and was over, in steps of the whole history: what was over before precedes it. */
  readonly begin: number;
  end: number;
} & (
  | { readonly kind: 'load'; readonly found: Found | null }
  | {
      readonly kind: 'commit';
      readonly changes: readonly ModelChange[];
      readonly moves: Moves;
      /** False if the session was gone when the changes were committed; null if unknown. */
      readonly stored: boolean | null;
    }
  | { readonly kind: 'destroy' }
);

/** What one request did to the shared session. */
export interface Trace {
  readonly events: Event[];
  /** What it stored in its own session, having found none or ended the shared one. Null: it has none. */
  own: { readonly changes: ModelChange[] } | null;
}
