import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Compiler } from './compiler.js';
import { describeCompletions } from './describe-completions.js';
import { describeDocstrings } from './describe-docstrings.js';
import { describeSnippets } from './describe-snippets.js';

// In one file, so that what they have in common is parsed once: nearly all that they compile.
const compiler = new Compiler();

describe('the types of a session', () => {
  const errorsIn = (folder: string): string[] => compiler.errorsInProject(join(import.meta.dirname, folder));

  it('include the keys that an application declares, in every method, decorator and facade', () => {
    expect(errorsIn('augmented')).toEqual([]);
  });

  it('include the keys of the type that a handler asks for, and leave all others unknown', () => {
    expect(errorsIn('own')).toEqual([]);
  });
});

describeSnippets(compiler);
describeDocstrings(compiler);
describeCompletions();
