/** AlterConfigs (0–2): replaces all own settings of a topic or broker by those in the request; the others fall back to defaults. */
import type { AlterConfigsRequest, AlterConfigsResponse } from '../protocol/messages/33-alter-configs.ts';
import { alterConfigs } from '../protocol/messages/33-alter-configs.ts';
import type { Handler } from '../server/handler.ts';
import type { AlterConfigsDependencies } from './alter-configs.ts';
import { alterResources } from './alter-configs.ts';

export function alterConfigsHandler(deps: AlterConfigsDependencies): Handler<AlterConfigsRequest, AlterConfigsResponse> {
  return {
    api: alterConfigs,
    async handle({ resources, validateOnly }) {
      const responses = await alterResources(deps, resources, {
        validateOnly,
        mayBeNull: () => false,
        change: (resource) => () => new Map(resource.configs.map(({ name, value }) => [name, value ?? ''])),
      });
      return { throttleTimeMs: 0, responses };
    },
  };
}
