/**
 * The AdminServer: commands as web pages for people and scripts. `/commands` lists links, `/commands/<name>` answers JSON, 200 for
 * unknown names too, as the original does. It shows and resets numbers; znodes can't be reached through it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AdminView } from './admin-commands.ts';
import { COMMAND_NAMES, runAdminCommand } from './admin-commands.ts';
import { listenHttp } from './http-listen.ts';
import { prettyJson } from './pretty-json.ts';

export interface AdminServerOptions {
  port: number;
  host: string;
  /** `/commands` */
  path: string;
  idleTimeoutMs: number;
  view: AdminView;
}

/** Rejects with the system's error when the port can't be had. */
export function openAdminServer(options: AdminServerOptions): Promise<Server> {
  return listenHttp(options, (request, response) => answer(options, request, response));
}

function answer({ path, view }: AdminServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '/';
  const [where, query = ''] = url.split('?', 2) as [string, string?];
  const name = where === path || where === `${path}/` ? '' : where.startsWith(`${path}/`) ? where.slice(path.length + 1) : null;
  if (name === null) return end(response, 404, 'text/plain', `There is nothing at ${where}: try ${path}\n`);
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'text/plain', 'Only GET\n');
  if (name === '') {
    const links = COMMAND_NAMES.map((command) => `<a href="${path}/${command}">${command}</a>\n<br/>\n`);
    return end(response, 200, 'text/html', links.join(''));
  }
  end(response, 200, 'application/json', prettyJson(runAdminCommand(view, name, new URLSearchParams(query))));
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  // What a page on another site may not read: browsers keep it from that without these, and from showing JSON as a page with them.
  response.writeHead(status, { 'content-type': `${type};charset=utf-8`, 'x-content-type-options': 'nosniff', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
