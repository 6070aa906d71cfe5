/** A change as the model of a session performs it. */
export type ModelChange =
  | { readonly op: 'put'; readonly key: string; readonly value: unknown }
  | { readonly op: 'append'; readonly key: string; readonly text: string }
  | { readonly op: 'increment'; readonly key: string; readonly by: number }
  | { readonly op: 'push'; readonly key: string; readonly value: unknown }
  | { readonly op: 'forget'; readonly key: string }
  | { readonly op: 'flash'; readonly key: string; readonly value: unknown }
  | { readonly op: 'flush' | 'keep' };

/** What becomes of the session's id. */
export type Moves = 'stays' | 'regenerate' | 'invalidate';

/** What a visitor sees of a session. */
export interface View {
  readonly values: Readonly<Record<string, unknown>>;
  readonly messages: Readonly<Record<string, unknown>>;
}

/** What a request saw. Looking at the values is a change of its own kind (they may be mutated then), so not all do. */
export interface Found {
  readonly values: View['values'] | null;
  readonly messages: View['messages'];
}

/** Something that a request did and that happened at one moment between two others. */
export type Event = {
  /** When it began and when it was over, in steps of the whole history: what was over before is before. */
  readonly begin: number;
  end: number;
} & (
  | { readonly kind: 'load'; readonly found: Found | null }
  | {
      readonly kind: 'commit';
      readonly changes: readonly ModelChange[];
      readonly moves: Moves;
      /** False where the session was gone when the changes came; null where nobody knows. */
      readonly stored: boolean | null;
    }
  | { readonly kind: 'destroy' }
);

/** What one request did to the session that all of them share. */
export interface Trace {
  readonly events: Event[];
  /** What it stored in a session of its own: it found none, or ended the shared one. Null: it has none. */
  own: { readonly changes: ModelChange[]; readonly previous: View['messages'] } | null;
}
