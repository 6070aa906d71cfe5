/**
 * The text of a `.env` file with a variable. A variable that has a value keeps it; an empty one gets the value.
 *
 * @param text of the file; empty if there is none
 * @param value if this is empty, an empty variable stays
 * @param comment written above a variable that is added
 */
export function withVariable(text: string, name: string, value: string, comment: string): string {
  if (!variable(name).test(text)) return `${withLineEnd(text)}# ${comment}\n${name}=${value}\n`;
  if (valueOf(text, name) !== '' || value === '') return text;
  return withValue(text, name, value);
}

/** The text of a `.env` file in which a variable has another value. A variable that is not there is not added. */
export function withValue(text: string, name: string, value: string): string {
  if (valueOf(text, name) === value) return text;
  return text.replace(variable(name), (line) => line.replace(/=.*$/, () => `=${value}`));
}

/** The value of a variable, without quotes and comments; an empty string if it has none. */
export function valueOf(text: string, name: string): string {
  const value = variable(name).exec(text)?.[1]?.trim() ?? '';
  const quoted = /^(["'`])(.*?)\1/.exec(value);
  return quoted?.[2] ?? value.replace(/(^|\s)#.*$/, '').trim();
}

/**
 * The text of a `.gitignore` that ignores a file or a folder.
 *
 * @param others patterns that ignore it too
 */
export function ignoring(text: string, pattern: string, others: readonly string[] = []): string {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const known = [pattern, `/${pattern}`, pattern.replace(/\/$/, ''), ...others];
  return lines.some((line) => known.includes(line)) ? text : `${withLineEnd(text)}${pattern}\n`;
}

const variable = (name: string): RegExp =>
  new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=([^\\r\\n]*)`, 'm');

const withLineEnd = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
