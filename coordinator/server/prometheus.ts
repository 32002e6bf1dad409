/**
 * `/metrics` for Prometheus, under the names that the original's provider has: those of `mntr` without a prefix, and the process's own.
 * Values are read when somebody asks; nothing is kept twice.
 */
import type { Server } from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { listenHttp } from '../net/http-listen.ts';
import { COUNTERS, PERCENTILES, SUMMARIES } from './metric-names.ts';
import type { Metrics } from './metrics.ts';

export interface PrometheusOptions {
  port: number;
  host: string;
  idleTimeoutMs: number;
  /** `exportJvmInfo`: the process beside the server. */
  withProcess: boolean;
  metrics: Metrics;
  /** What is so at this moment; what is no number is left out. */
  gauges(): readonly (readonly [name: string, value: string | number])[];
}

const QUANTILES: readonly number[] = [0.5, 0.9, 0.99];

/** Rejects with the system's error when the port can't be had. */
export function openPrometheus(options: PrometheusOptions): Promise<Server> {
  const registry = new Registry();
  if (options.withProcess) collectDefaultMetrics({ register: registry });
  registerCounters(registry, options.metrics);
  registerGauges(registry, options);
  return listenHttp(options, (request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('Metrics are at /metrics\n');
      return;
    }
    registry.metrics().then(
      (text) => {
        response.writeHead(200, { 'content-type': registry.contentType });
        response.end(text + summaries(options.metrics));
      },
      (error: unknown) => {
        response.writeHead(500, { 'content-type': 'text/plain' });
        response.end(`${String(error)}\n`);
      },
    );
  });
}

function registerCounters(registry: Registry, metrics: Metrics): void {
  for (const name of COUNTERS) {
    new Counter({
      name,
      help: name,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(metrics.counters[name].value);
      },
    });
  }
}

function registerGauges(registry: Registry, { gauges }: PrometheusOptions): void {
  const numbers = gauges().flatMap(([name, value]) => (Number.isNaN(Number(value)) ? [] : [name]));
  // One look at the server per scrape: the first of them takes it for all.
  let latest = new Map<string, string | number>();
  for (const [index, name] of numbers.entries()) {
    new Gauge({
      name,
      help: name,
      registers: [registry],
      collect() {
        if (index === 0) latest = new Map(gauges());
        this.set(Number(latest.get(name)));
      },
    });
  }
}

/** By hand: the library's summaries keep samples of their own, and ours are there already. */
function summaries(metrics: Metrics): string {
  let text = '';
  for (const name of [...SUMMARIES, ...PERCENTILES]) {
    const summary = metrics.summaries[name];
    text += `# HELP ${name} ${name}\n# TYPE ${name} summary\n`;
    if (summary.withPercentiles) {
      for (const share of QUANTILES) text += `${name}{quantile="${share}"} ${summary.percentile(share)}\n`;
    }
    text += `${name}_count ${summary.count}\n${name}_sum ${summary.sum}\n`;
  }
  return text;
}
