import type { ArrayLiteralExpression, CallExpression, PropertyAssignment } from 'typescript';
import type { Application } from '../application/application.js';
import { type Import, importLines, importStyleOf } from '../application/import-lines.js';
import type { ParsedFile } from '../application/source-file.js';
import { applyEdits, prepend } from '../application/text-edits.js';

const ENTITY = 'SessionEntity';
const ENTITY_IMPORT: Import = { name: ENTITY, from: 'nestjs-session-kit/typeorm' };
const MODULE_IMPORT: Import = { name: 'TypeOrmModule', from: '@nestjs/typeorm' };

/**
 * What the root module has to import for the driver `database`, the packages needed, and what is left to do by
 * hand.
 */
export interface TypeOrmSetup {
  readonly modules: readonly string[];
  readonly imports: readonly Import[];
  readonly packages: Readonly<Record<string, string>>;
  readonly ignored?: string;
  readonly advice?: string;
}

/** A database for an application that has none: it works at once, and should be replaced. */
const OWN_DATABASE = `TypeOrmModule.forRoot({
  type: 'better-sqlite3',
  database: 'database.sqlite',
  autoLoadEntities: true,
  // Makes missing tables. In production, use migrations.
  synchronize: process.env.NODE_ENV !== 'production',
})`;

/**
 * Makes sure that TypeORM knows the entity of sessions: in the application's list of entities, if there is one,
 * otherwise through `autoLoadEntities`.
 */
export function setUpTypeOrm(application: Application): TypeOrmSetup {
  const { quote } = importStyleOf(application, application.findRootModule().file);
  const nest = application.nestVersion >= 12 ? '^12.0.2' : '^11.0.1';
  const packages = { '@nestjs/typeorm': nest, typeorm: '^1.1.1' };
  const autoLoaded = {
    modules: [`TypeOrmModule.forFeature([${ENTITY}])`],
    imports: [MODULE_IMPORT, ENTITY_IMPORT],
    packages,
  };
  const sources = application.sourcesWithLibraries;
  if (sources.some((file) => file.has(ENTITY))) return { modules: [], imports: [], packages };
  const found = sources.flatMap((file) =>
    file.calls('TypeOrmModule', '@nestjs/typeorm', /^forRoot/).map((call) => ({ file, call })),
  )[0];
  if (found === undefined) {
    return {
      ...autoLoaded,
      modules: [OWN_DATABASE.replaceAll("'", quote), ...autoLoaded.modules],
      packages: { ...packages, 'better-sqlite3': '^12.0.0' },
      ignored: 'database.sqlite',
      advice:
        'There was no TypeOrmModule: sessions are in the file database.sqlite. Set TypeOrmModule.forRoot() to your own database.',
    };
  }
  if (autoLoads(found.file, found.call)) return autoLoaded;
  const entities = listOfEntities(found.file, found.call);
  if (entities === undefined) {
    return {
      modules: [],
      imports: [],
      packages,
      advice: `List ${ENTITY} of nestjs-session-kit/typeorm among the entities of your data source, or set autoLoadEntities and import TypeOrmModule.forFeature([${ENTITY}]).`,
    };
  }
  const { file } = found;
  const edits = [prepend(file.text, entities, [ENTITY]), importLines(application, file, [ENTITY_IMPORT])];
  application.write(file.path, applyEdits(file.text, edits));
  return {
    modules: [],
    imports: [],
    packages,
    advice: 'Make the table: nest g -c nestjs-session-kit session-table, unless TypeORM synchronizes.',
  };
}

const properties = (file: ParsedFile, call: CallExpression, name: string): PropertyAssignment[] =>
  file
    .all((node): node is PropertyAssignment => file.ts.isPropertyAssignment(node), call)
    .filter((property) => property.name.getText() === name);

const autoLoads = (file: ParsedFile, call: CallExpression): boolean =>
  properties(file, call, 'autoLoadEntities').some(({ initializer }) => initializer.getText() !== 'false');

const listOfEntities = (file: ParsedFile, call: CallExpression): ArrayLiteralExpression | undefined =>
  properties(file, call, 'entities')
    .map(({ initializer }) => initializer)
    .find((initializer) => file.ts.isArrayLiteralExpression(initializer));
