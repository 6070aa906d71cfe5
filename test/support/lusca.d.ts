/** The part of lusca that a test uses: the package brings no types. */
declare module 'lusca' {
  import type { RequestHandler } from 'express';

  export default function lusca(options: { csrf?: boolean; xframe?: string }): RequestHandler;
}
