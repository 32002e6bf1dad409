/** A client's address as Kafka shows it: `/127.0.0.1`, IPv4 also where the socket is an IPv6 one. */
export function clientHostOf(clientAddress: string): string {
  return `/${clientAddress.replace(/^::ffff:(?=\d+\.)/i, '')}`;
}
