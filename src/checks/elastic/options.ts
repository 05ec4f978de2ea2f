import { z } from 'zod';

const serverList = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const names = z.array(z.string().regex(/^[!-9;-~]+$/, 'a name of a header field'));
const count = (max: number) => z.int().min(0).max(max);
/** A name in the path of a request. */
const resource = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'lower-case letters, digits, `.`, `_` and `-`');
/** An age in the words of the database: `2d`. */
const age = z.string().regex(/^\d+(?:d|h|m|s)$/, 'a number with d, h, m or s');

const phaseOptions = (after: string, priority: number) => ({
  enabled: z.boolean().default(true).describe('Indices get into this state'),
  after: age.default(after).describe('Age at which they do'),
  index_priority: count(1000).default(priority).describe('Priority of recovery'),
  migrate: z
    .boolean()
    .default(true)
    .describe('Move them to nodes of this tier. Elasticsearch only: OpenSearch has none'),
  read_only: z.boolean().default(true).describe('Nothing is written to them any more'),
  change_replicas: z.boolean().default(false).describe('Change the number of copies'),
  replicas_count: count(100).default(1).describe('to this number'),
});

export const config = z.strictObject({
  enabled: z.boolean().default(false).describe('Switches the check on'),
  server: serverList
    .optional()
    .describe('`host` or `host:port`, port 9200 by default; several with commas. Default `localhost`'),
  servers: serverList.optional().describe('Another name of `server`'),
  user: z.string().optional().describe('User, with `password`'),
  password: z.string().optional(),
  use_https: z.boolean().default(false).describe('Talk TLS'),
  no_ssl_verify: z.boolean().default(false).describe('Accept any certificate'),
  use_gzip: z.boolean().default(true).describe('Compress what is sent'),
  use_keepalive: z.boolean().default(true).describe('Keep connections open for the next request'),
  timeout: z.number().positive().max(600).default(5).describe('Seconds for each request'),
  periodic_interval: z
    .number()
    .positive()
    .max(600)
    .default(5)
    .describe('Seconds to the next attempt after one that failed; twice as many after each further one'),
  allow_local: z
    .boolean()
    .default(false)
    .describe('Keep scans that no mail stands behind: of `rspamc` and of the controller'),
  version: z
    .strictObject({
      autodetect_enabled: z.boolean().default(true).describe('Ask the server what it is'),
      autodetect_max_fail: count(1000)
        .default(30)
        .describe('Attempts to ask and to prepare it before a batch is given up'),
      override: z
        .strictObject({
          name: z.enum(['elastic', 'opensearch']).describe('What the server is'),
          version: z.union([z.string(), z.number()]).transform(String).describe('Its version'),
        })
        .optional()
        .describe('What it is, without asking'),
    })
    .prefault({})
    .describe('Elasticsearch from 7.8 or OpenSearch'),
  limits: z
    .strictObject({
      max_rows: z.int().min(1).max(10_000).default(500).describe('Rows that are sent at once'),
      max_interval: z.number().min(1).max(86_400).default(60).describe('Seconds that a row waits at most'),
      max_fail: count(1000).default(15).describe('Attempts before a batch is given up'),
      max_size: z
        .number()
        .min(1024)
        .max(100 * 1024 ** 2)
        .default(5 * 1024 ** 2)
        .describe('Bytes of rows that are sent at once'),
    })
    .prefault({})
    .describe('When rows are sent: whatever is reached first'),
  index_template: z
    .strictObject({
      managed: z.boolean().default(true).describe('Write the template'),
      name: resource.default('rspamd').describe('Name of the template, and beginning of names of indices'),
      priority: count(1_000_000).default(0).describe('Its priority among templates'),
      pattern: z
        .string()
        .regex(/^(?:\{service\}-)?(?:[a-z0-9._-]|%[YmdHyj])+$/, 'lower case with %Y, %m, %d, %H, %y or %j')
        .default('%Y.%m.%d')
        .describe(
          'Rest of the name of an index, by the time of the scan in UTC; `{service}-` in front is `name`',
        ),
      shards_count: z.int().min(1).max(1024).default(3).describe('Shards of an index'),
      replicas_count: count(100).default(1).describe('Copies of each'),
      refresh_interval: z.number().min(0).default(5).describe('Seconds until rows can be found'),
      dynamic_keyword_ignore_above: count(32_766)
        .default(256)
        .describe('Longer texts of other fields are kept but not indexed'),
      headers_count_ignore_above: count(1000).default(5).describe('Fields of one name that are kept; 0: all'),
      headers_text_ignore_above: count(1_000_000)
        .default(2048)
        .describe('Characters of a field that are kept; 0: all'),
      symbols_nested: z
        .boolean()
        .default(false)
        .describe('Symbols can be asked for with their own score and options; costs room'),
      empty_value: z
        .string()
        .default('unknown')
        .describe('What is not known. Numbers are 0 then, addresses `::`, networks `::/128`'),
    })
    .prefault({})
    .describe('How indices look'),
  index_policy: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Indices have a policy'),
      managed: z.boolean().default(true).describe('Write it; else the policy `name` is yours'),
      name: resource.default('rspamd').describe('Its name'),
      hot: z
        .strictObject({ index_priority: count(1000).default(100).describe('Priority of recovery') })
        .prefault({})
        .describe('Indices that are written to'),
      warm: z
        .strictObject({
          ...phaseOptions('2d', 50),
          shrink: z.boolean().default(false).describe('Make fewer shards'),
          shards_count: z.int().min(1).max(1024).default(1).describe('so many'),
          max_gb_per_shard: count(10_000)
            .default(0)
            .describe('or as many as keep each below so many GB; 0: `shards_count` counts'),
          force_merge: z.boolean().default(false).describe('Merge segments'),
          segments_count: z.int().min(1).max(1000).default(1).describe('to so many'),
        })
        .prefault({})
        .describe('Indices that are still asked often'),
      cold: z.strictObject(phaseOptions('14d', 0)).prefault({}).describe('Indices that are asked rarely'),
      delete: z
        .strictObject({
          enabled: z.boolean().default(true).describe('Indices are deleted'),
          after: age.default('30d').describe('Age at which they are'),
        })
        .prefault({})
        .describe('The end'),
    })
    .prefault({})
    .describe('What becomes of indices as they age: ILM of Elasticsearch, ISM of OpenSearch'),
  collect_headers: names
    .default(['From', 'To', 'Subject', 'Date', 'User-Agent'])
    .describe('Header fields that are kept'),
  extra_collect_headers: names.default([]).describe('Further ones'),
  geoip: z
    .strictObject({
      enabled: z.boolean().default(true).describe('The server finds out where addresses are'),
      managed: z.boolean().default(true).describe('Write the pipeline; else it is yours'),
      pipeline_name: resource.default('rspamd-geoip').describe('Its name'),
    })
    .prefault({})
    .describe('Ingest pipeline that adds `geoip` and `sender_geoip`'),
});
export type Config = z.output<typeof config>;
export type IndexPolicy = Config['index_policy'];

export const unsupported = {
  limit: 'since Rspamd 3.11 it is `limits { max_rows }`',
  index_pattern: 'since Rspamd 3.11 it is `index_template { name; pattern }`',
  template_file:
    'since Rspamd 3.11 templates are made here; set `index_template { managed = false }` for your own',
  kibana_file: 'dashboards are not loaded; import them with the tools of Kibana',
  import_kibana: 'dashboards are not loaded; import them with the tools of Kibana',
  ingest_module: 'since Rspamd 3.11 the pipeline is `geoip { … }`',
  debug: 'use `logging { level = "debug" }`',
  fuzzy_nested: '`fuzzy_hashes` is a list of texts here',
  collect_urls: 'the form of its field is not known here; `clickhouse` keeps links',
} as const;

/** Name of the index for a time, in UTC. */
export function indexName({ name, pattern }: Config['index_template'], timeMs: number): string {
  const time = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(time.getUTCFullYear()),
    y: () => two(time.getUTCFullYear() % 100),
    m: () => two(time.getUTCMonth() + 1),
    d: () => two(time.getUTCDate()),
    H: () => two(time.getUTCHours()),
    j: () =>
      String(Math.floor((timeMs - Date.UTC(time.getUTCFullYear(), 0, 1)) / 86_400_000) + 1).padStart(3, '0'),
  };
  const rest = pattern.replace(/^\{service\}-/, '');
  return `${name}-${rest.replaceAll(/%(.)/g, (_, letter: string) => parts[letter]!())}`;
}

/** Pattern that every name of {@link indexName} fits. */
export function indexPattern({ name }: Config['index_template']): string {
  return `${name}-*`;
}
