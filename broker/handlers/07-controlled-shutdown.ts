/** ControlledShutdown (0–3): a broker that is about to stop asks the controller to move its leaders away. */
import type { Controller } from '../controller/controller.ts';
import type { ControlledShutdownRequest, ControlledShutdownResponse } from '../protocol/messages/07-controlled-shutdown.ts';
import { controlledShutdown } from '../protocol/messages/07-controlled-shutdown.ts';
import type { Handler } from '../server/handler.ts';

export class ControlledShutdownHandler implements Handler<ControlledShutdownRequest, ControlledShutdownResponse> {
  readonly api = controlledShutdown;
  private readonly controller: Controller;

  constructor(controller: Controller) {
    this.controller = controller;
  }

  handle(request: ControlledShutdownRequest): Promise<ControlledShutdownResponse> {
    return this.controller.controlledShutdown(request);
  }
}
