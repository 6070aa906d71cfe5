/** The part of connect-loki that tests use: the package brings no types. */
declare module 'connect-loki' {
  import type session from 'express-session';

  export default function connectLoki(
    from: typeof session,
  ): new (options: { path: string; autosave: boolean }) => session.Store;
}
