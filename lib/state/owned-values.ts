import { type SessionSerializer, type Snapshot, copyOfValues } from './payload.js';
import type { Values } from './values.js';

/** The values of a session in one request: shared with other requests until they are changed or handed out. */
export abstract class OwnedValues {
  #values: Readonly<Values>;
  /**
   * How much of the values this request owns: nothing, the outermost object, or everything. The rest is
   * shared with other requests, and copied before it is changed or handed out.
   */
  #own: 'nothing' | 'top' | 'all' = 'nothing';
  protected readonly serializer: SessionSerializer;
  /** What was loaded or stored last. Null if nothing is stored. */
  protected snapshot: Snapshot | null;

  protected constructor(serializer: SessionSerializer, snapshot: Snapshot | null) {
    this.serializer = serializer;
    this.snapshot = snapshot;
    this.#values = snapshot === null ? {} : snapshot.payload.d;
  }

  /** The values, read-only: other requests may share the same objects. */
  get readonlyValues(): Readonly<Values> {
    return this.#values;
  }

  /** The values as objects that this request owns: may be changed and handed out. */
  get values(): Values {
    if (this.#own !== 'all') this.own(copyOfValues(this.#values, this.snapshot?.text, this.serializer));
    return this.#values;
  }

  /**
   * The values for changing one path without handing anything out: a top-level value can be replaced without
   * a full copy.
   */
  protected valuesFor(path: string): Values {
    // With another serializer the copy is made by parsing the stored text again, which would lose changes
    // made since.
    if (this.serializer !== JSON || path.includes('.')) return this.values;
    if (this.#own === 'nothing') {
      this.#values = { ...this.#values };
      this.#own = 'top';
    }
    return this.#values;
  }

  protected own(values: Values): void {
    this.#values = values;
    this.#own = 'all';
  }

  /** Other requests may share the values from now on: they are copied before the next change. */
  protected share(): void {
    this.#own = 'nothing';
  }
}
