import { memberOf } from '../http/member-of.js';
import { resolverArguments } from './resolver-arguments.js';

/** The root fields of one execution whose handlers have said something, by the names in the answer. */
const saidBy = new WeakMap<object, Set<unknown>>();

/**
 * Whether all root fields of an operation say something, now that one of them does: `{ unread }` has one, `{ unread cart }` two.
 * A field below them decides nothing. Where it cannot be told how many there are (fragments), they never do.
 *
 * @param args that the resolver is called with
 */
export function isSaidByAllRoots(args: readonly unknown[]): boolean {
  const { info, execution } = resolverArguments(args);
  const path = memberOf(info, 'path');
  if (execution === null || memberOf(path, 'prev') !== undefined) return false;
  const said = saidBy.get(execution) ?? new Set();
  saidBy.set(execution, said.add(memberOf(path, 'key')));
  return said.size === countOfRoots(info);
}

function countOfRoots(info: unknown): number {
  const selections = memberOf(memberOf(memberOf(info, 'operation'), 'selectionSet'), 'selections');
  if (!Array.isArray(selections) || selections.some((each) => memberOf(each, 'kind') !== 'Field')) return NaN;
  const keys = selections.map((each) => memberOf(memberOf(each, 'alias') ?? memberOf(each, 'name'), 'value'));
  return new Set(keys).size;
}
