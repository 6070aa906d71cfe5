import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { optionSettings } from '../../lib/options/option-table.js';
import { SECRET } from '../support/test-app.js';

/** An option as its docstring describes it. */
interface Described {
  /** The path to it: `['sockets', 'checkEvery']`. */
  readonly path: readonly string[];
  readonly text: string;
}

/** The options that an interface describes, nested ones included. */
function described(file: string, interfaceName: string, within: readonly string[] = []): Described[] {
  const path = new URL(`../../lib/options/${file}`, import.meta.url);
  const source = ts.createSourceFile(file, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const members = source.statements.flatMap((statement) =>
    ts.isInterfaceDeclaration(statement) && statement.name.text === interfaceName
      ? [...statement.members]
      : [],
  );
  return describedBy(members, within);
}

function describedBy(members: readonly ts.TypeElement[], within: readonly string[]): Described[] {
  return members.filter(ts.isPropertySignature).flatMap((member) => {
    const path = [...within, member.name.getText()];
    const text = ts
      .getJSDocCommentsAndTags(member)
      .map((doc) => doc.getText())
      .join('\n');
    const { type } = member;
    const inner = type !== undefined && ts.isTypeLiteralNode(type) ? [...type.members] : [];
    return [{ path, text }, ...describedBy(inner, path)];
  });
}

/** The settings of options, without the options themselves. */
function settingsOf(options: object): object {
  const { given: _given, ...settings } = optionSettings({ secret: SECRET, ...options });
  return settings;
}

/** Options with a single one given. */
function onlyWith([name = '', ...rest]: readonly string[], value: unknown): object {
  return { [name]: rest.length === 0 ? value : onlyWith(rest, value) };
}

const all = [
  ...described('session.options.ts', 'SessionModuleOptions'),
  ...described('cookie.options.ts', 'SessionCookieOptions', ['cookie']),
  ...described('stealth.options.ts', 'StealthDriverOptions', ['stealth']),
];

const literals = all.flatMap(({ path, text }) => {
  const [, literal] = /Default ('[^']*'|\d+|true|false)[.;]/.exec(text) ?? [];
  return literal === undefined ? [] : [{ path, value: JSON.parse(literal.replaceAll("'", '"')) as unknown }];
});

describe('The docstrings of the options', () => {
  it.each(literals.map(({ path, value }) => [path.join('.'), value, path] as const))(
    'name the actual default of %s: %j',
    (_name, value, path) => {
      expect(settingsOf(onlyWith(path, value))).toEqual(settingsOf({}));
    },
  );

  it('name the default of every option with a simple one', () => {
    const said = new Set(literals.map(({ path }) => path.join('.')));
    const settings: Readonly<Record<string, unknown>> = { ...settingsOf({}) };
    const unsaid = all.filter(
      ({ path: [name = '', ...rest] }) =>
        rest.length === 0 &&
        ['string', 'number', 'boolean'].includes(typeof settings[name]) &&
        !said.has(name),
    );
    expect(unsaid.map(({ path }) => path.join('.'))).toEqual([]);
    expect(said.size).toBeGreaterThan(15);
  });
});
