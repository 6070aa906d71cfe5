/** Where a message for the operator goes. Nest's Logger is one. */
export interface SessionLog {
  warn(message: string): void;
  error(message: string): void;
}
