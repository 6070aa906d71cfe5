import ts from 'typescript';

/**
 * Creates compiler hosts for programs with the same options that read and parse each file once, since most files are
 * shared.
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
