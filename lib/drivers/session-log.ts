/** Receives messages for the operator. Nest's Logger is one. */
export interface SessionLog {
  warn(message: string): void;
  error(message: string): void;
}
