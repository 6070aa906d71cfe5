import { propertyOf } from '../state/property-of.js';
import { resolverArguments } from './resolver-arguments.js';

/** The root fields of an execution whose handlers have declared it, by response name. */
const saidBy = new WeakMap<object, Set<unknown>>();

/**
 * Records that a root field declares something, and returns whether all root fields of its operation now do:
 * `{ unread }` has one, `{ unread cart }` two. Fields below them do not count. If the number of root fields
 * is unknown (fragments), the result is always false.
 *
 * @param args the arguments of the resolver
 */
export function isSaidByAllRoots(args: readonly unknown[]): boolean {
  const { info, execution } = resolverArguments(args);
  const path = propertyOf(info, 'path');
  if (propertyOf(path, 'prev') !== undefined) return false;
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
