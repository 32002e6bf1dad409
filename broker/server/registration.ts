/** What a broker tells of itself in `/brokers/ids/<id>`: the addresses that clients and other brokers find it at, and its rack. */
import { hostname } from 'node:os';
import type { BrokerEndPoint, BrokerRegistration } from '../controller/znodes.ts';
import type { EndPoint } from '../settings/listeners.ts';
import type { BoundListener } from './socket-server.ts';

export interface RegistrationFacts {
  readonly brokerId: number;
  readonly advertised: readonly EndPoint[];
  readonly bound: readonly BoundListener[];
  readonly rack: string | null;
}

export function registrationOf({ brokerId, advertised, bound, rack }: RegistrationFacts): BrokerRegistration {
  const endpoints = advertised.map((endPoint): BrokerEndPoint => {
    const { listenerName, securityProtocol } = endPoint;
    // Port 0 stands for whatever the listener of that name got.
    const port = endPoint.port === 0 ? bound.find((listener) => listener.listenerName === listenerName)?.port : endPoint.port;
    const host = endPoint.host === null || endPoint.host === '0.0.0.0' ? hostname() : endPoint.host;
    return { listenerName, host, port: port ?? endPoint.port, securityProtocol };
  });
  return { id: brokerId, endpoints, rack };
}
