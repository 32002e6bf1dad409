/** A command that failed: what is printed on standard error, and the exit code when it was the only command. */
import { CoordinatorError } from '../../shared/client/errors.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Sentences of the original (`CliWrapperException`) for refusals; anything else shows the error's own message. */
const SENTENCES: Partial<Record<ErrorCode, (path: string) => string>> = {
  [ErrorCode.NONODE]: (path) => `Node does not exist: ${path}`,
  [ErrorCode.NOCHILDRENFOREPHEMERALS]: (path) => `Ephemerals cannot have children: ${path}`,
  [ErrorCode.NODEEXISTS]: (path) => `Node already exists: ${path}`,
  [ErrorCode.NOTEMPTY]: (path) => `Node not empty: ${path}`,
  [ErrorCode.NOTREADONLY]: (path) => `Not a read-only call: ${path}`,
  [ErrorCode.INVALIDACL]: (path) => `Acl is not valid : ${path}`,
  [ErrorCode.NOAUTH]: (path) => `Insufficient permission : ${path}`,
  [ErrorCode.BADARGUMENTS]: (path) => `Arguments are not valid : ${path}`,
  [ErrorCode.BADVERSION]: (path) => `version No is not valid : ${path}`,
  [ErrorCode.RECONFIGINPROGRESS]: () => 'Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)',
  [ErrorCode.NEWCONFIGNOQUORUM]: () =>
    'No quorum of new config is connected and up-to-date with the leader of last commmitted config - try invoking reconfiguration after new servers are connected and synced',
  [ErrorCode.QUOTAEXCEEDED]: (path) => `Quota has exceeded : ${path}`,
};

/** What a failed command prints, and its exit code. Errors that are ours to fix are thrown on. */
export function describeFailure(error: unknown): { message: string; exitCode: number } {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  if (!(error instanceof CoordinatorError)) throw error;
  // What the client itself refused (a malformed path, a TTL) explains itself; what a server refused is put into a sentence.
  const sentence = error.fromServer ? SENTENCES[error.code] : undefined;
  return { message: sentence === undefined ? error.message : sentence(error.path ?? 'null'), exitCode: 1 };
}
