/** The certificates of `tls/`: what `tls/make.sh` made. */
import { join } from 'node:path';

export function tlsFile(name: string): string {
  return join(import.meta.dirname, 'tls', name);
}
