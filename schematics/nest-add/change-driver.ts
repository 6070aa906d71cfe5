import type { PropertyAssignment, StringLiteral } from 'typescript';
import type { Application } from '../application/application.js';
import { importStyleOf } from '../application/import-lines.js';
import { type TextEdit, applyEdits, indentAt } from '../application/text-edits.js';
import { DRIVERS, type DriverName, isDriver } from './session-config.js';

/**
 * Writes another driver into the configuration file: its name instead of the one that stands there, and its
 * options, unless it has options of that name.
 *
 * @param path of the configuration file
 * @returns whether the driver is now the one named there, or by SESSION_DRIVER
 */
export function changeDriver(application: Application, path: string, driver: DriverName): boolean {
  const file = application.parse(path);
  const { ts, text } = file;
  const properties = file.all((node): node is PropertyAssignment => ts.isPropertyAssignment(node));
  const property = properties.find(({ name }) => name.getText() === 'driver');
  if (property === undefined) return false;
  const { quote } = importStyleOf(application, file);
  const { initializer } = property;
  const named = file.all(
    (node): node is StringLiteral => ts.isStringLiteral(node) && isDriver(node.text),
    initializer,
  );
  if (named.length === 0 && !initializer.getText().includes('SESSION_DRIVER')) return false;
  const edits = named.map((name): TextEdit => ({
    start: name.getStart(),
    end: name.getEnd(),
    text: `${quote}${driver}${quote}`,
  }));
  const { options = '' } = DRIVERS[driver];
  const hasOptions = properties.some(({ name }) => name.getText() === driver);
  if (options.includes(`${driver}: `) && !hasOptions) {
    // Before the comma that follows the property, if any.
    const added = `,\n${options.replace(/,\n$/, '')}`
      .replaceAll("'", quote)
      .replaceAll('\n    ', `\n${indentAt(text, property.getStart())}`);
    edits.push({ start: property.getEnd(), end: property.getEnd(), text: added });
  }
  application.write(path, applyEdits(text, edits));
  return true;
}
