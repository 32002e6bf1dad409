/** The transport of clients that are given none: the standard WebSocket, unless the entry of the package knows a better one. */
import type { Transport } from './transport.ts';
import { wsTransport } from './ws-transport.ts';

let make: () => Transport = () => wsTransport();

export function defaultTransport(): Transport {
  return make();
}

/** For clients made from now on. */
export function setDefaultTransport(factory: () => Transport): void {
  make = factory;
}
