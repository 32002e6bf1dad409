/**
 * FindCoordinator (10): which broker coordinates a group (key type 0) or a transactional id (1). Any broker answers. 15
 * means: ask again; 42: no such key type.
 *
 * v1 adds the key type and a message (the error's sentence, or the word NONE, as Kafka says it), v4 several keys with a
 * result each.
 */
import type { CoordinatorFinder, FoundCoordinator } from '../group/coordinator-finder.ts';
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import { findCoordinator } from '../protocol/messages/10-find-coordinator.ts';
import type { FindCoordinatorRequest, FindCoordinatorResponse } from '../protocol/messages/10-find-coordinator.ts';
import type { Handler, RequestContext } from '../server/handler.ts';

const GROUP = 0;
const TRANSACTION = 1;
const NOT_FOUND = { nodeId: -1, host: '', port: -1 };

export function findCoordinatorHandler(finder: CoordinatorFinder): Handler<FindCoordinatorRequest, FindCoordinatorResponse> {
  const find = (keyType: number, key: string, { listenerName, quotas }: RequestContext): FoundCoordinator => {
    if (keyType === GROUP) return finder.findGroupCoordinator(key, listenerName, quotas?.mutationGate('background'));
    if (keyType === TRANSACTION) return finder.findTransactionCoordinator();
    return { errorCode: ErrorCode.INVALID_REQUEST, ...NOT_FOUND };
  };
  return {
    api: findCoordinator,
    handle(request, context) {
      if (context.apiVersion < 4) {
        const found = find(request.keyType, request.key, context);
        const message = found.errorCode === ErrorCode.NONE ? 'NONE' : errorMessage(found.errorCode);
        return { throttleTimeMs: 0, ...found, errorMessage: message, coordinators: [] };
      }
      const coordinators = request.coordinatorKeys.map((key) => {
        const found = find(request.keyType, key, context);
        const message = found.errorCode === ErrorCode.INVALID_REQUEST ? errorMessage(found.errorCode) : '';
        return { key, ...found, errorMessage: message };
      });
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: '', ...NOT_FOUND, coordinators };
    },
  };
}
