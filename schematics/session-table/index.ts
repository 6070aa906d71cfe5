import { posix } from 'node:path';
import type { SchematicContext, Tree } from '@angular-devkit/schematics';
import { Application } from '../application/application.js';
import { importStyleOf } from '../application/import-lines.js';

/** The options of `nest g session-table`; see schema.json. */
interface SessionTableOptions {
  readonly name?: string;
  readonly path?: string;
  readonly sourceRoot?: string;
}

const BASE = 'CreateSessionsTable1700000000000';

/**
 * `nest g -c nestjs-session-kit session-table`: writes a TypeORM migration that creates the table of the driver
 * `database`, beside the application's other migrations. Does nothing if there is one already.
 */
export function sessionTable({ name: table = 'sessions', path, sourceRoot = 'src' }: SessionTableOptions) {
  return (tree: Tree, context: SchematicContext): Tree => {
    if (!/^\w+(\.\w+)?$/.test(table)) {
      throw new Error(`'${table}' is no name for a table: table, or schema.table.`);
    }
    const application = new Application(tree, sourceRoot);
    const { sources } = application;
    const written = sources.find((file) => file.has(BASE));
    if (written !== undefined) {
      context.logger.info(`${written.path} makes the table already.`);
      return tree;
    }
    const migrations = sources.filter((file) => file.has('MigrationInterface'));
    const latest = migrations.at(-1);
    const folder =
      path === undefined && latest !== undefined
        ? posix.dirname(latest.path)
        : posix.join(sourceRoot, path ?? 'migrations');
    const { quote: q, end } = importStyleOf(
      application,
      latest ?? application.parse(`${sourceRoot}/main.ts`),
    );
    const now = Date.now();
    const fileName = `${now}-${fileNameLike(latest?.path)}.ts`;
    application.write(
      posix.join(folder, fileName),
      `import { ${BASE} } from ${q}nestjs-session-kit/typeorm${q}${end}

/**
 * Makes the table of sessions, with its indexes, as the entity SessionEntity describes it. Its columns: id, user_id,
 * ip_address, user_agent, payload, last_activity, last_activity_ms, expires_at, version. \`down\` removes it.
 */
export class CreateSessionsTable${now} extends ${BASE} {
  /** As the option \`database.table\` has it. */
  override readonly table = ${q}${table}${q}${end}
}
`,
    );
    context.logger.info(
      'See that your data source lists it among its migrations, and depends on typeorm and @nestjs/typeorm.',
    );
    return tree;
  };
}

/** TypeORM's own command names files in camel case; otherwise the file is named as Nest names its files. */
const fileNameLike = (migration: string | undefined): string =>
  migration !== undefined && /\d-[A-Z]/.test(posix.basename(migration))
    ? 'CreateSessionsTable'
    : 'create-sessions-table';
