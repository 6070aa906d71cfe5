import {
  Body,
  type ParameterDecoratorOptions,
  type PipeTransform,
  StandardSchemaValidationPipe,
} from '@nestjs/common';
import { invalidForm } from 'nestjs-session-kit';

type Schema = NonNullable<ParameterDecoratorOptions['schema']>;
type PipeOptions = ConstructorParameters<typeof StandardSchemaValidationPipe>[0];

/** Nest brings a pipe for schemas from version 12 on: where not, an application has one of its own. */
export const NEST_HAS_SCHEMA_PIPE = process.env['MATRIX_NEST'] !== '11';

/** As docs/forms.md has it for Nest 11. */
class SchemaPipe implements PipeTransform {
  constructor(private readonly schema: Schema) {}

  async transform(form: unknown): Promise<unknown> {
    const result = await this.schema['~standard'].validate(form);
    if (result.issues) throw invalidForm(result.issues);
    return result.value;
  }
}

/** What `@UsePipes()` takes for schemas: none where Nest has none. */
export function schemaPipes(options?: PipeOptions): PipeTransform[] {
  return NEST_HAS_SCHEMA_PIPE ? [new StandardSchemaValidationPipe(options)] : [];
}

/** `@Body({ schema })`, with a pipe of the application's own where Nest has none. */
export function FormOf(schema: Schema): ParameterDecorator {
  return NEST_HAS_SCHEMA_PIPE ? Body({ schema }) : Body(new SchemaPipe(schema));
}
