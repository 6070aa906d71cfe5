import { propertyOf } from '../http/property-of.js';
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
  const path = propertyOf(info, 'path');
  if (execution === null || propertyOf(path, 'prev') !== undefined) return false;
  const said = saidBy.get(execution) ?? new Set();
  saidBy.set(execution, said.add(propertyOf(path, 'key')));
  return said.size === countOfRoots(info);
}

function countOfRoots(info: unknown): number {
  const selections = propertyOf(propertyOf(propertyOf(info, 'operation'), 'selectionSet'), 'selections');
  if (!Array.isArray(selections) || selections.some((each) => propertyOf(each, 'kind') !== 'Field'))
    return NaN;
  const keys = selections.map((each) =>
    propertyOf(propertyOf(each, 'alias') ?? propertyOf(each, 'name'), 'value'),
  );
  return new Set(keys).size;
}
