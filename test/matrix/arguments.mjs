/** The arguments of `run.mjs`. */
import { parseArgs } from 'node:util';

/** Nest 11 is CommonJS, Nest 12 is ES modules. */
const NESTS = ['11', '12'];
const NODES = ['20', '22', '24', '26'];

const USAGE = `Runs the end-to-end tests with every Nest on every Node that the package is for, each with the package as it is installed.

    npm run test:matrix                           all of them
    npm run test:matrix -- --nest 11 --node 20,22 some
    npm run test:matrix -- --smoke                a few files only, to see that they start and answer
    npm run test:matrix -- test/e2e/journey       other files, as Vitest takes them
    npm run test:matrix -- test/matrix            applications built with each builder of the Nest CLI, and under Jest

    --nest       of ${NESTS.join(', ')}; several are separated by commas
    --node       of ${NODES.join(', ')}; several are separated by commas
    --no-build   takes the package as it was built before
    --help       prints this
`;

/**
 * @typedef {object} Asked
 * @property {string[]} nests
 * @property {string[]} nodes
 * @property {boolean} smoke
 * @property {boolean} build
 * @property {string[]} files none: those that the matrix is for
 */

/**
 * @param {string[]} given the arguments of the command
 * @returns {{ asked: Asked } | { said: string, status: number }} what to run, or what to print instead
 */
export function readArguments(given) {
  try {
    const { values, positionals: files } = parseArgs({
      args: given,
      allowPositionals: true,
      options: {
        nest: { type: 'string', default: NESTS.join() },
        node: { type: 'string', default: NODES.join() },
        smoke: { type: 'boolean', default: false },
        'no-build': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { said: USAGE, status: 0 };
    const [nests, nodes] = [listOf('--nest', values.nest, NESTS), listOf('--node', values.node, NODES)];
    return { asked: { nests, nodes, smoke: values.smoke, build: !values['no-build'], files } };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { said: `${error.message}\n\n${USAGE}`, status: 2 };
  }
}

/**
 * @param {string} option
 * @param {string} text its value
 * @param {string[]} known
 */
function listOf(option, text, known) {
  const list = text.split(',');
  const unknown = list.find((each) => !known.includes(each));
  if (unknown === undefined) return list;
  throw new Error(
    `${option} got '${unknown}'; it takes ${known.join(', ')}, several of them separated by commas.`,
  );
}
