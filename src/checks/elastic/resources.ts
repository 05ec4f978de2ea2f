import { type Config, type IndexPolicy, indexPattern } from './options.ts';

/** What the database is. */
export type Distribution = 'elastic' | 'opensearch';

/** Path of the policy. */
export function policyPath(distribution: Distribution, { name }: IndexPolicy): string {
  return distribution === 'elastic' ? `/_ilm/policy/${name}` : `/_plugins/_ism/policies/${name}`;
}

type Aged = IndexPolicy['warm'] | IndexPolicy['cold'];

/** The policy in the words of Elasticsearch (ILM). */
export function ilmPolicy({ hot, warm, cold, delete: end }: IndexPolicy): object {
  const phase = (aged: Aged, more: object = {}): object => ({
    min_age: aged.after,
    actions: {
      set_priority: { priority: aged.index_priority },
      migrate: { enabled: aged.migrate },
      ...(aged.read_only && { readonly: {} }),
      ...(aged.change_replicas && { allocate: { number_of_replicas: aged.replicas_count } }),
      ...more,
    },
  });
  return {
    policy: {
      phases: {
        hot: { min_age: '0ms', actions: { set_priority: { priority: hot.index_priority } } },
        ...(warm.enabled && {
          warm: phase(warm, {
            ...(warm.shrink && {
              shrink:
                warm.max_gb_per_shard > 0
                  ? { max_primary_shard_size: `${warm.max_gb_per_shard}gb` }
                  : { number_of_shards: warm.shards_count },
            }),
            ...(warm.force_merge && { forcemerge: { max_num_segments: warm.segments_count } }),
          }),
        }),
        ...(cold.enabled && { cold: phase(cold) }),
        ...(end.enabled && { delete: { min_age: end.after, actions: { delete: {} } } }),
      },
    },
  };
}

/** The policy in the words of OpenSearch (ISM). */
export function ismPolicy({ hot, warm, cold, delete: end }: IndexPolicy, pattern: string): object {
  const actions = (aged: Aged, more: readonly object[] = []): readonly object[] => [
    { index_priority: { priority: aged.index_priority } },
    ...(aged.read_only ? [{ read_only: {} }] : []),
    ...(aged.change_replicas ? [{ replica_count: { number_of_replicas: aged.replicas_count } }] : []),
    ...more,
  ];
  const states: { name: string; after: string; actions: readonly object[] }[] = [
    { name: 'hot', after: '', actions: [{ index_priority: { priority: hot.index_priority } }] },
  ];
  if (warm.enabled) {
    const shrink =
      warm.max_gb_per_shard > 0
        ? { max_shard_size: `${warm.max_gb_per_shard}gb` }
        : { num_new_shards: warm.shards_count };
    states.push({
      name: 'warm',
      after: warm.after,
      actions: actions(warm, [
        ...(warm.shrink ? [{ shrink }] : []),
        ...(warm.force_merge ? [{ force_merge: { max_num_segments: warm.segments_count } }] : []),
      ]),
    });
  }
  if (cold.enabled) states.push({ name: 'cold', after: cold.after, actions: actions(cold) });
  if (end.enabled) states.push({ name: 'delete', after: end.after, actions: [{ delete: {} }] });
  return {
    policy: {
      description: 'Rows about messages, kept by Postern',
      default_state: 'hot',
      ism_template: [{ index_patterns: [pattern], priority: 1 }],
      states: states.map(({ name, actions: done }, index) => {
        const next = states[index + 1];
        return {
          name,
          actions: done,
          transitions: next ? [{ state_name: next.name, conditions: { min_index_age: next.after } }] : [],
        };
      }),
    },
  };
}

/** The ingest pipeline that finds out where addresses are. */
export const geoipPipeline: object = {
  description: 'Adds places of addresses to rows about messages',
  processors: ['', 'sender_'].map((prefix) => ({
    geoip: {
      field: `rspamd_meta.${prefix}ip`,
      target_field: `rspamd_meta.${prefix}geoip`,
      ignore_missing: true,
    },
  })),
};

const keyword = { type: 'keyword' };

/** The index template. */
export function indexTemplate(config: Config, distribution: Distribution): object {
  const template = config.index_template;
  const policy = config.index_policy;
  const place = { properties: { location: { type: 'geo_point' } } };
  return {
    index_patterns: [indexPattern(template)],
    priority: template.priority,
    template: {
      settings: {
        index: {
          number_of_shards: template.shards_count,
          number_of_replicas: template.replicas_count,
          refresh_interval: `${template.refresh_interval}s`,
          // OpenSearch finds the policy by its own pattern.
          ...(distribution === 'elastic' && policy.enabled && { lifecycle: { name: policy.name } }),
        },
      },
      mappings: {
        dynamic_templates: [
          {
            texts: {
              match_mapping_type: 'string',
              mapping: { type: 'keyword', ignore_above: template.dynamic_keyword_ignore_above },
            },
          },
        ],
        properties: {
          '@timestamp': { type: 'date' },
          rspamd_meta: {
            properties: {
              action: keyword,
              asn: {
                properties: { asn: { type: 'long' }, country: keyword, ipnet: { type: 'ip_range' } },
              },
              direction: keyword,
              geoip: place,
              ip: { type: 'ip' },
              is_local: { type: 'boolean' },
              message_id: keyword,
              received_delay: { type: 'long' },
              scan_time: { type: 'long' },
              score: { type: 'double' },
              sender_geoip: place,
              sender_ip: { type: 'ip' },
              size: { type: 'long' },
              symbols: {
                ...(template.symbols_nested && { type: 'nested' }),
                properties: { name: keyword, group: keyword, options: keyword, score: { type: 'double' } },
              },
            },
          },
        },
      },
    },
  };
}

/** Is everything that we say also said there? Databases add defaults of their own. */
export function saysTheSame(ours: unknown, theirs: unknown): boolean {
  if (Array.isArray(ours))
    return (
      Array.isArray(theirs) &&
      ours.length === theirs.length &&
      ours.every((item, index) => saysTheSame(item, theirs[index]))
    );
  if (typeof ours !== 'object' || ours === null) return String(ours) === String(theirs);
  if (typeof theirs !== 'object' || theirs === null) return false;
  return Object.entries(ours).every(([key, value]) =>
    saysTheSame(value, (theirs as Readonly<Record<string, unknown>>)[key]),
  );
}
