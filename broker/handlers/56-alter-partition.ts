/** AlterPartition (0–2): a partition's leader asks the controller for another ISR. */
import type { Controller } from '../controller/controller.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import { alterPartition } from '../protocol/messages/56-alter-partition.ts';
import type { Handler, RequestContext } from '../server/handler.ts';

export class AlterPartitionHandler implements Handler<AlterPartitionRequest, AlterPartitionResponse> {
  readonly api = alterPartition;
  private readonly controller: Controller;

  constructor(controller: Controller) {
    this.controller = controller;
  }

  handle(request: AlterPartitionRequest, context: RequestContext): Promise<AlterPartitionResponse> {
    return this.controller.alterPartition(request, context.apiVersion);
  }
}
