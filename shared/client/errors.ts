/** What a coordinator client's calls fail with. */
import { ErrorCode, errorMessage } from '../znode/error-code.ts';
import type { MultiResult } from '../znode/operations.ts';

/**
 * A request was refused by the server (NONODE, BADVERSION…) or could not be completed (CONNECTIONLOSS: whether a write took
 * effect is then unknown; SESSIONEXPIRED). `code` tells which, `path` on what; the message is the original's
 * `KeeperErrorCode = NoNode for /a` unless the client itself refused.
 */
export class CoordinatorError extends Error {
  override readonly name = 'CoordinatorError';
  readonly code: ErrorCode;
  readonly path: string | undefined;
  /** False when the client refused by itself, with a message of its own. */
  readonly fromServer: boolean;
  /** Of a failed multi: one entry per operation, each an error (0 before the failed one, -2 after it). */
  readonly results: readonly MultiResult[] | undefined;

  constructor(code: number, path?: string, options: { message?: string; results?: readonly MultiResult[]; cause?: unknown } = {}) {
    super(options.message ?? errorMessage(code, path), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code as ErrorCode;
    this.path = path;
    this.fromServer = options.message === undefined;
    this.results = options.results;
  }
}

/** The client refuses before anything is sent: `why` is the whole message. */
export function badArguments(why: string, path?: string): CoordinatorError {
  return new CoordinatorError(ErrorCode.BADARGUMENTS, path, { message: why });
}
