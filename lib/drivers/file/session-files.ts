import { join } from 'node:path';
import { textHash } from '../text-hash.js';

/**
 * Where the files of one session are. With `<name>` for the hash of its id, a folder of the store holds
 *
 *     <name>                   the record
 *     <name>.lock/<owner>/     the lock, while somebody has it
 *     <name>.<owner>.tmp/      a lock about to be taken, or one taken away, about to be removed
 */
export interface SessionFiles {
  /** The record. */
  readonly record: string;
  /** The folder that is the lock. */
  readonly lock: string;
  /** A folder of somebody's own, beside the lock. */
  temporary(owner: string): string;
}

const SHARD_LENGTH = 2;
const shardPattern = /^[0-9a-f]{2}$/;
const filePattern = /^(?<name>[0-9a-f]{64})(?:\.(?:(?<lock>lock)|(?<owner>[\w-]+)\.tmp))?$/;

/**
 * The files of a session. Their name is a hash of the id: any id is safe, and a list of files gives no id away.
 *
 * @param location the folder of the store
 */
export function filesOf(location: string, id: string): SessionFiles {
  const name = textHash(id);
  return filesNamed(join(location, name.slice(0, SHARD_LENGTH)), name);
}

/** The files of a session whose record has this name; null where no record has such a name. */
export function filesOfName(location: string, name: string): SessionFiles | null {
  if (describeEntry(name)?.kind !== 'record') return null;
  return filesNamed(join(location, name.slice(0, SHARD_LENGTH)), name);
}

/** The files of a session whose record has this name, in this folder. */
export function filesNamed(folder: string, name: string): SessionFiles {
  const record = join(folder, name);
  return { record, lock: `${record}.lock`, temporary: (owner) => `${record}.${owner}.tmp` };
}

/** Whether a folder below the store's is one of those among which sessions are spread: at 256, none gets large. */
export function isShard(name: string): boolean {
  return shardPattern.test(name);
}

/** What an entry of a shard is. */
type ShardEntry =
  | { readonly kind: 'record'; readonly name: string }
  | { readonly kind: 'lock'; readonly name: string }
  | { readonly kind: 'temporary'; readonly name: string; readonly owner: string };

/** What an entry of a shard is, by its name. Undefined for what the driver has not made. */
export function describeEntry(entry: string): ShardEntry | undefined {
  const { name, lock, owner } = filePattern.exec(entry)?.groups ?? {};
  if (name === undefined) return undefined;
  if (owner !== undefined) return { kind: 'temporary', name, owner };
  return { kind: lock === undefined ? 'record' : 'lock', name };
}
