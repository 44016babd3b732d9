/** The part of pino that classes log through: fields first, fixed short text second. */
export interface Log {
  error(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  info(fields: object, text: string): void;
  debug(fields: object, text: string): void;
}

export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };
