import { fieldPath } from '../session/field-names.js';
import type { FieldErrors, FormErrors } from '../session/form-bags.js';
import { isKey } from '../state/values.js';

/**
 * An error of class-validator, as Nest's ValidationPipe passes it to its `exceptionFactory`.
 *
 * @example
 * throw invalidForm([{ property: 'email', constraints: { isEmail: 'This is no e-mail address.' } }]);
 */
export interface FieldValidationError {
  /** The name of the field, or the index of the item. */
  readonly property: string;
  /** Messages by the name of the violated rule. */
  readonly constraints?: Readonly<Record<string, string>> | undefined;
  /** The errors of an object's fields, or of a list's items. */
  readonly children?: readonly FieldValidationError[] | undefined;
}

/**
 * An issue of a schema library (zod, valibot, arktype, ...), as Nest's StandardSchemaValidationPipe passes it
 * to its `exceptionFactory` (Standard Schema, `StandardSchemaV1.Issue`).
 *
 * @example
 * throw invalidForm([{ message: 'At least one.', path: ['lines', 0, 'quantity'] }]);
 */
export interface SchemaIssue {
  /** The message for the visitor. */
  readonly message: string;
  /** The path to the field, outermost first. Default: the form as a whole. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** One error of a form. */
export interface Finding {
  /** The path of the field; '' for the form as a whole. */
  readonly field: string;
  readonly message: string;
  /** The text that Nest's own pipes send to API clients. */
  readonly text: string;
}

/** The errors have to fit into the visitor's session, and nobody corrects more fields at a time. */
const MAX_FIELDS = 100;

/** What a pipe found, as a list without nesting: each finding names its field by its path. */
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

/** The first segment may be a name as in the form, `user[name]`: not every parser nests those. */
function pathOf(segments: readonly string[]): string {
  const [first = '', ...rest] = segments;
  return [fieldPath(first), ...rest].join('.');
}

/** Groups the errors by field, in the order in which they were found. */
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
