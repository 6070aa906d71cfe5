import { fieldPath } from '../session/field-names.js';
import type { FieldErrors, FormErrors } from '../session/form-bags.js';
import { isKey } from '../state/values.js';

/** What class-validator finds, as Nest's ValidationPipe hands it to its `exceptionFactory`. */
export interface FieldValidationError {
  /** The name of the field, or the number of the item. */
  readonly property: string;
  /** Messages by the names of the rules that are broken. */
  readonly constraints?: Readonly<Record<string, string>> | undefined;
  /** Of the fields of an object, or of the items of a list. */
  readonly children?: readonly FieldValidationError[] | undefined;
}

/**
 * What a schema library (zod, valibot, arktype, ...) finds, as Nest's StandardSchemaValidationPipe hands it to its
 * `exceptionFactory` (Standard Schema, `StandardSchemaV1.Issue`).
 */
export interface SchemaIssue {
  /** What is wrong, for the visitor. */
  readonly message: string;
  /** Where, from the outside in. Default: the form as a whole. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** One thing that is wrong with a form. */
export interface Finding {
  /** Where in the form, as path; '' for the form as a whole. */
  readonly field: string;
  readonly message: string;
  /** As Nest's own pipes answer it to clients of an API. */
  readonly text: string;
}

/** A visitor's session has to have room for them: nobody corrects more at a time. */
const MAX_FIELDS = 100;

/** What a pipe found, one by one. */
export function findingsOf(found: readonly (FieldValidationError | SchemaIssue)[]): Finding[] {
  return found.flatMap((each) => ('property' in each ? findingsIn(each, []) : findingOfIssue(each)));
}

function findingsIn(error: FieldValidationError, parents: readonly string[]): Finding[] {
  const { property, constraints = {}, children = [] } = error;
  const path = [...parents, property];
  const own = Object.values(constraints).map((message) => ({
    field: pathOf(path),
    message,
    text: [...parents, message].join('.'),
  }));
  return [...own, ...children.flatMap((child) => findingsIn(child, path))];
}

function findingOfIssue({ path = [], message }: SchemaIssue): Finding {
  const segments = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment));
  return {
    field: pathOf(segments),
    message,
    text: segments.length === 0 ? message : `${segments.join('.')}: ${message}`,
  };
}

/** The first may be a name as it stands in the form, `user[name]`: not every parser nests those. */
function pathOf(segments: readonly string[]): string {
  const [first = '', ...rest] = segments;
  return [fieldPath(first), ...rest].join('.');
}

/** The errors by their fields, in the order in which they were found. */
export function byField(findings: readonly Pick<Finding, 'field' | 'message'>[]): FormErrors {
  const errors = new Map<string, FieldErrors>();
  for (const { field, message } of findings) {
    const name = isKey(field) ? field : '';
    const known = errors.get(name);
    if (known !== undefined) {
      if (!known.includes(message)) errors.set(name, [...known, message]);
    } else if (errors.size < MAX_FIELDS) {
      errors.set(name, [message]);
    }
  }
  return Object.fromEntries(errors);
}
