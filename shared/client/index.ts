/**
 * The package: a client of coordinators and of Apache ZooKeeper, and the recipes made of it.
 *
 *     import { CoordinatorClient, recipes } from 'vivarium';
 *
 * This is the entry for Node, where clients find out by themselves what a server speaks; `browser.ts` is that for browsers.
 */
import { setDefaultTransport } from './default-transport.ts';
import { nodeTransport } from './node-transport.ts';

export * from './browser.ts';
export { juteTransport } from './jute-transport.ts';
export type { NodeTransportOptions } from './node-transport.ts';
export { nodeTransport, nodeWsTransport } from './node-transport.ts';

setDefaultTransport(nodeTransport);
