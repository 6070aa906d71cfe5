import { inspect, isDeepStrictEqual } from 'node:util';
import { diff } from '@vitest/utils/diff';
import type { Outcome } from './perform.js';
import type { Visit } from './script.js';

/** The steps of a request with their outcomes, as text. */
export function told({ steps }: Visit, outcomes: readonly Outcome[]): string[] {
  return steps.map(({ use, args }, at) => {
    const given = args.map((arg) => JSON.stringify(arg)).join(', ');
    const outcome = inspect(outcomes[at], { depth: 9, breakLength: Infinity, compact: true, sorted: true });
    return `${use}(${given}) -> ${outcome}`;
  });
}

/** Throws the differences, as lines. */
export function expectSame(model: object, real: object): void {
  if (isDeepStrictEqual(model, real)) return;
  const options = { aAnnotation: 'model', bAnnotation: 'package', contextLines: 2, expand: false };
  throw new Error(diff(model, real, options));
}
