import ts from 'typescript';

/**
 * Makes hosts for programs that are compiled with the same options: each file is read and parsed once, since most of them are
 * the same.
 */
export class ParseOnce {
  readonly #files = new Map<string, ts.SourceFile | undefined>();

  hostFor(options: ts.CompilerOptions): ts.CompilerHost {
    const host = ts.createCompilerHost(options);
    const read = host.getSourceFile.bind(host);
    host.getSourceFile = (name, ...rest) => {
      if (!this.#files.has(name)) this.#files.set(name, read(name, ...rest));
      return this.#files.get(name);
    };
    return host;
  }
}
