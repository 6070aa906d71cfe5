const HEAD = {
  vitest: `import { describe, expect, it } from 'vitest';\n`,
  // Jest's functions are globals in Nest's template.
  jest: '',
  'node:test': `import { describe, it } from 'node:test';\n`,
} as const;

/** The conformance suite in the test framework of the application. */
export const conformanceTest = (
  name: string,
  className: string,
  framework: keyof typeof HEAD,
): string => `import { describeDriverConformance } from 'nestjs-session-kit/conformance';
${HEAD[framework]}import { ${className} } from './${name}.driver.js';

describeDriverConformance({
  name: '${className}',
  describe,
  it,${framework === 'node:test' ? '' : '\n  expect,'}
  // Called before each test. With a store elsewhere, also give \`openSecond\` (another driver on the same store) and \`close\`.
  create: () => ({ driver: new ${className}() }),
});
`;
