import { posix } from 'node:path';
import type { SchematicContext, Tree } from '@angular-devkit/schematics';
import { Application } from '../application/application.js';
import { importStyleOf, styled } from '../application/import-lines.js';
import { conformanceTest } from './conformance-test.js';
import { driverClass } from './driver-class.js';

/** The options of `nest g session-driver`; see schema.json. */
interface SessionDriverOptions {
  readonly name: string;
  readonly path?: string;
  readonly sourceRoot?: string;
}

/**
 * `nest g -c nestjs-session-kit session-driver <name>`: writes a driver that keeps records in a Map, to be
 * adapted to a store, and its conformance test. The test passes as written.
 */
export function sessionDriver({ name: given, path = 'session', sourceRoot = 'src' }: SessionDriverOptions) {
  return (tree: Tree, context: SchematicContext): Tree => {
    const name = given.replace(/[-_.]?driver$/i, '');
    if (!/^[a-z][\w-]*$/i.test(name)) {
      throw new Error(
        `'${given}' is no name for a driver: letters, digits and dashes, such as 'mongo' or 'dynamo-db'.`,
      );
    }
    const application = new Application(tree, sourceRoot);
    const file = posix.join(sourceRoot, path, `${name}.driver.ts`);
    const spec = posix.join(sourceRoot, path, `${name}.driver.spec.ts`);
    for (const one of [file, spec]) {
      if (tree.exists(one)) throw new Error(`${one} is there already. Nothing was written.`);
    }
    const className = `${pascalCase(name)}Driver`;
    const style = importStyleOf(application, application.parse(posix.join(sourceRoot, 'main.ts')));
    application.write(file, styled(driverClass(name, className), style));
    application.write(spec, styled(conformanceTest(name, className, frameworkOf(application)), style));
    context.logger.info(
      `List ${className} among the providers of a module, and name it: driver: '${name}'. The test says whether it keeps its promises.`,
    );
    return tree;
  };
}

const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|[-_])(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The framework of the application's tests. */
function frameworkOf(application: Application): 'vitest' | 'jest' | 'node:test' {
  if (application.dependsOn('vitest')) return 'vitest';
  return application.dependsOn('jest') ? 'jest' : 'node:test';
}
