import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { createHandlers } from '../../../broker/server/handlers.ts';
import type { HandlerDependencies } from '../../../broker/server/handlers.ts';
import { loadBrokerSettings } from '../../../broker/settings/settings.ts';

describe('the README', () => {
  it('names the Kafka APIs that are served, in the versions that are served', () => {
    const { settings } = loadBrokerSettings(new Map([['zookeeper.connect', 'localhost:2181']]));
    // Handlers only keep what they are given until a request comes.
    const handlers = createHandlers({ settings } as HandlerDependencies);
    const served = handlers.map(({ api }) => `${api.name} (${api.key}) ${api.versionMin === api.versionMax ? api.versionMin : `${api.versionMin}–${api.versionMax}`}`);
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const named = [...readme.matchAll(/[A-Z]\w+ \(\d+\) \d+(?:–\d+)?/g)].map(([text]) => text);
    expect(named).to.have.members(served);
  });
});
