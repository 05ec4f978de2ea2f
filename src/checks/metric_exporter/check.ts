import { z } from 'zod';
import { defineCheck, exportedFigures } from '../../core/index.ts';

const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Nothing is pushed when false'),
  backend: z
    .enum(['graphite'])
    .optional()
    .describe('Where the figures go; without it nothing is pushed. Graphite is the only one'),
  metrics: z
    .array(z.enum(exportedFigures))
    .default([])
    .describe(`Figures that are pushed: ${exportedFigures.map((name) => `\`${name}\``).join(', ')}`),
  host: z.string().min(1).default('localhost').describe('Host of Carbon'),
  port: z.int().min(1).max(65_535).default(2003).describe('Its port for the plaintext protocol, over TCP'),
  metric_prefix: z
    .string()
    .regex(/^[\w.-]+$/)
    .default('rspamd')
    .describe('Put before the names, with a dot'),
  interval: z.number().min(1).default(120).describe('Seconds from push to push'),
  timeout: z.number().positive().max(600).default(15).describe('Seconds for one push'),
  statefile: z
    .string()
    .min(1)
    .optional()
    .describe('File that remembers the last push. Default `metric_exporter_last_push` in the state folder'),
});

export const metricExporter = defineCheck({
  name: 'metric_exporter',
  summary: 'Pushes figures of the whole server to Graphite.',
  details: [
    'Off until `backend` and `metrics` are set. The figures are those of `/stat`, which count from the beginning: what is',
    'lost on the way the next push makes good, so nothing is queued. Names are put together as',
    '`metric_prefix.name`, with blanks as `_` (`rspamd.actions.add_header`).',
    '',
    '`pools_…` and `chunks_…` and `shared_chunks_allocated` tell of memory pools, which do not exist here: they are 0.',
    '`bytes_allocated` is the memory of the process that keeps the totals.',
    '',
    'The controller offers the same and more at `/metrics`, for Prometheus.',
    '',
    '```',
    '# local.d/metric_exporter.conf',
    'backend = "graphite";',
    'host = "graphite.example.com";',
    'metrics = [ "scanned", "spam_count", "ham_count", "actions.reject" ];',
    '```',
    '',
    'The process that owns all others pushes, once for the whole server. The log tells once when Carbon stops taking',
    'figures and once when it takes them again; `postern_metric_pushes_total` counts.',
  ].join('\n'),
  group: 'metric_exporter',
  stage: 'idempotent',
  direction: 'both',
  needs: [],
  config,
  symbols: {},
  // Whoever keeps the totals reads this section; here only what cannot work is refused.
  create({ config: { backend, metrics, enabled }, configError }) {
    if (enabled && backend !== undefined && metrics.length === 0)
      throw configError(['metrics'], 'no figure is named', 'metrics = [ "scanned", … ]');
    return undefined;
  },
});
