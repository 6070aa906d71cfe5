/**
 * A form that cannot be accepted. What is wrong stands under the name of the field it is about, or under `form` where it
 * is about no single field.
 */
export class InvalidForm extends Error {
  constructor(readonly errors: Record<string, string>) {
    super(`invalid: ${Object.keys(errors).join(', ')}`);
  }
}
