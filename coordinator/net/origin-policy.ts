/**
 * Which web pages may open a session. A browser lets any page open a WebSocket to any host, localhost included, and says in
 * `Origin` which page it was: the server has to refuse. Clients that are no browsers send no `Origin`, and pass.
 *
 * A page may come from this machine (`localhost`, a loopback address), or from the host that it connects to. That host must be an
 * address or this machine's own name: with any other name the page's owner may have pointed it here (DNS rebinding).
 */
import { isIP } from 'node:net';

export interface OriginPolicy {
  /** Origins that may connect besides: `https://dash.example:8443`, `null` for pages without one; `*` lets every page in. */
  readonly allowed: readonly string[];
  /** This machine's own name. */
  readonly hostName: string;
}

/** May a page from `origin` connect? `host` is the request's Host header: where the browser believes to be connecting. */
export function isOriginAllowed(policy: OriginPolicy, origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  if (policy.allowed.includes('*')) return true;
  if (policy.allowed.some((allowed) => allowed.toLowerCase() === origin.toLowerCase())) return true;
  const page = hostOf(origin);
  if (page === null) return false;
  if (isLoopback(page)) return true;
  const here = host === undefined ? null : hostOf(`http://${host}`);
  return page === here && (isIP(page) !== 0 || page === policy.hostName.toLowerCase());
}

/** The host of a URL in lower case, an IPv6 address without its brackets; null for what is no web URL. */
function hostOf(url: string): string | null {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return null;
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
