import { fileURLToPath } from 'node:url';
import { sharedServer } from '../servers/index.js';

/** The node_modules with the Nest CLI and its schematics, which are installed on first use. */
export async function nestCliModules(): Promise<string> {
  return fileURLToPath((await sharedServer('nest-cli')).url);
}
