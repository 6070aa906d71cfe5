import { join } from 'node:path';
import { textHash } from '../text-hash.js';

/**
 * The paths of one session's files. With `<name>` for the hash of its id, a folder of the store holds
 *
 *     <name>                   the record
 *     <name>.lock/<owner>/     the lock, while it is taken
 *     <name>.<owner>.tmp/      a lock about to be taken, or one taken away, about to be removed
 */
export interface SessionFiles {
  readonly record: string;
  /** The folder that is the lock. */
  readonly lock: string;
  /** A private folder of an owner, beside the lock. */
  temporary(owner: string): string;
}

const SHARD_LENGTH = 2;
const shardPattern = /^[0-9a-f]{2}$/;
const filePattern = /^(?<name>[0-9a-f]{64})(?:\.(?:(?<lock>lock)|(?<owner>[\w-]+)\.tmp))?$/;

/**
 * The files of a session. They are named by a hash of the id: any id is safe, and a list of files reveals no
 * id.
 *
 * @param location the folder of the store
 */
export function filesOf(location: string, id: string): SessionFiles {
  const name = textHash(id);
  return filesNamed(join(location, name.slice(0, SHARD_LENGTH)), name);
}

/** The files of the session whose record has this name; null if no record can have such a name. */
export function filesOfName(location: string, name: string): SessionFiles | null {
  if (describeEntry(name)?.kind !== 'record') return null;
  return filesNamed(join(location, name.slice(0, SHARD_LENGTH)), name);
}

/** The files of the session whose record has this name, in this folder. */
export function filesNamed(folder: string, name: string): SessionFiles {
  const record = join(folder, name);
  return { record, lock: `${record}.lock`, temporary: (owner) => `${record}.${owner}.tmp` };
}

/** Whether a folder in the store is a shard. Sessions are spread over 256 of them, so that none gets large. */
export function isShard(name: string): boolean {
  return shardPattern.test(name);
}

/** What kind of entry in a shard. */
type ShardEntry =
  | { readonly kind: 'record'; readonly name: string }
  | { readonly kind: 'lock'; readonly name: string }
  | { readonly kind: 'temporary'; readonly name: string; readonly owner: string };

/** Describes an entry of a shard by its name. Undefined if the driver did not create it. */
export function describeEntry(entry: string): ShardEntry | undefined {
  const { name, lock, owner } = filePattern.exec(entry)?.groups ?? {};
  if (name === undefined) return undefined;
  if (owner !== undefined) return { kind: 'temporary', name, owner };
  return { kind: lock === undefined ? 'record' : 'lock', name };
}
