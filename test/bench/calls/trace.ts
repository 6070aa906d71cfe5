/** One call of a function of the package. */
export interface Call {
  /** The file of the function, below the package's `dist`. */
  readonly file: string;
  /** The line in that file on which it begins, from 1. */
  readonly line: number;
  readonly name: string;
}

let calls: Call[] | undefined;

/** What each function of the package calls first, once it is instrumented. */
export function called(file: string, line: number, name: string): void {
  calls?.push({ file, line, name });
}

/** The calls that the package takes while something is done, in their order. */
export async function callsDuring(work: () => Promise<unknown>): Promise<readonly Call[]> {
  const own: Call[] = [];
  calls = own;
  try {
    await work();
  } finally {
    calls = undefined;
  }
  return own;
}

/** What the table says of one request. */
export interface CallFigures {
  readonly calls: number;
  readonly files: number;
  /** How often a call is of a function in another file than the call before it. */
  readonly changes: number;
}

export function figuresOf(own: readonly Call[]): CallFigures {
  return {
    calls: own.length,
    files: new Set(own.map(({ file }) => file)).size,
    changes: own.filter(({ file }, index) => index > 0 && own[index - 1]?.file !== file).length,
  };
}
