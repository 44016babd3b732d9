/** Why a command of the client ends with a status other than 0: what, where and what to do about it. Never holds a secret. */
export class ClientError extends Error {
  /** 1: it failed, or was not asked for rightly. 5: the answer is of another form than the command reads. */
  readonly status: 1 | 5;

  constructor(message: string, options: { readonly status?: 1 | 5; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'ClientError';
    this.status = options.status ?? 1;
  }
}
