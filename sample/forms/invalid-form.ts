/** A form that cannot be accepted. What is wrong stands under the name of the field it is about. */
export class InvalidForm extends Error {
  constructor(readonly errors: Record<string, string>) {
    super(`invalid: ${Object.keys(errors).join(', ')}`);
  }
}
