/**
 * Explains why a server could not listen, and what to do.
 *
 * @param error the error of `listen`
 * @returns a sentence
 */
export function whyNotListening(error: unknown, port: number, host: string): string {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return `port ${port} is taken. Stop what listens there, or choose another: PORT=${port === 65_535 ? port - 1 : port + 1} npm start.`;
    case 'EACCES':
      return `port ${port} is not for everybody. Choose one from 1024 on: PORT=3000 npm start.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `this machine has no address ${host}. Leave HOST out, or set it to 0.0.0.0 for all of its addresses.`;
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
