/** A call of a function of the package. */
export interface Call {
  /** The file of the function, below the package's `dist`. */
  readonly file: string;
  /** The line on which the function begins, from 1. */
  readonly line: number;
  readonly name: string;
}

let calls: Call[] | undefined;

/** Called first by each instrumented function. */
export function called(file: string, line: number, name: string): void {
  calls?.push({ file, line, name });
}

/** The calls within the package during `work`, in order. */
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

/** The table's figures for one request. */
export interface CallFigures {
  readonly calls: number;
  readonly files: number;
  /** How often a call is to a function in another file than the previous call. */
  readonly changes: number;
}

export function figuresOf(own: readonly Call[]): CallFigures {
  return {
    calls: own.length,
    files: new Set(own.map(({ file }) => file)).size,
    changes: own.filter(({ file }, index) => index > 0 && own[index - 1]?.file !== file).length,
  };
}
