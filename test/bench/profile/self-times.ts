import type { Profiler } from 'node:inspector';
import { fileURLToPath } from 'node:url';

/** Where a program spent its time. */
export interface SelfTime {
  /** The function and its location. */
  readonly name: string;
  /** Time in the function itself, without its callees. */
  readonly micros: number;
}

function shortPlace(url: string): string {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const inPackage = /^.*\/node_modules\/(.*)$/.exec(path)?.[1];
  return (
    inPackage ??
    path.replace(/^.*\/test\/bench\/dist\//, 'bench/').replace(/^.*\/dist\//, 'nestjs-session-kit/')
  );
}

function nameOf({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name}  ${shortPlace(url)}:${lineNumber + 1}`;
}

/**
 * The self time of every function in a profile, longest first.
 *
 * All samples weigh the same: the time between two samples is wall-clock time, which also reflects other programs on
 * the machine.
 *
 * @param total the time of all functions together, without waiting for requests
 */
export function selfTimes(profile: Profiler.Profile, total: number): SelfTime[] {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  const counts = new Map<string, number>();
  let samples = 0;
  for (const id of profile.samples ?? []) {
    const name = names.get(id) ?? '(unknown)';
    if (name === '(idle)') continue;
    samples++;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, count]) => ({ name, micros: (count / samples) * total }))
    .toSorted((left, right) => right.micros - left.micros);
}

/** The same, summed by group, such as packages. */
export function groupTimes(times: readonly SelfTime[], groupOf: (name: string) => string): SelfTime[] {
  const totals = new Map<string, number>();
  for (const { name, micros } of times) totals.set(groupOf(name), (totals.get(groupOf(name)) ?? 0) + micros);
  return [...totals]
    .map(([name, micros]) => ({ name, micros }))
    .toSorted((left, right) => right.micros - left.micros);
}
