import {
  Body,
  type ParameterDecoratorOptions,
  type PipeTransform,
  StandardSchemaValidationPipe,
} from '@nestjs/common';
import { invalidForm } from 'nestjs-session-kit';

type Schema = NonNullable<ParameterDecoratorOptions['schema']>;
type PipeOptions = ConstructorParameters<typeof StandardSchemaValidationPipe>[0];

/** Nest has a pipe for schemas from version 12 on; before that, an application brings its own. */
export const NEST_HAS_SCHEMA_PIPE = process.env['MATRIX_NEST'] !== '11';

/** The pipe that docs/forms.md shows for Nest 11. */
class SchemaPipe implements PipeTransform {
  constructor(private readonly schema: Schema) {}

  async transform(form: unknown): Promise<unknown> {
    const result = await this.schema['~standard'].validate(form);
    if (result.issues) throw invalidForm(result.issues);
    return result.value;
  }
}

/** The schema pipes for `@UsePipes()`: none if Nest has none. */
export function schemaPipes(options?: PipeOptions): PipeTransform[] {
  return NEST_HAS_SCHEMA_PIPE ? [new StandardSchemaValidationPipe(options)] : [];
}

/** `@Body({ schema })`, or a pipe of the application's own if Nest has none. */
export function FormOf(schema: Schema): ParameterDecorator {
  return NEST_HAS_SCHEMA_PIPE ? Body({ schema }) : Body(new SchemaPipe(schema));
}
