import { type CheckUnit, defineCheck, isOperatorScan } from '../../core/index.ts';
import { BatchSink, HttpClient, WebServers } from '../../delivery/index.ts';
import { ElasticDatabase } from './database.ts';
import { config, unsupported } from './options.ts';
import { RowMaker } from './row.ts';

const defaultPort = 9200;
/** Answers that are read: a few words for each row. */
const maxAnswerBytes = 4 * 1024 ** 2;
/** Requests that one batch may cause. */
const maxRequests = 6;

export const elastic = defineCheck({
  name: 'elastic',
  summary: 'Keeps a row about each message in Elasticsearch or OpenSearch.',
  details: [
    'Off unless `enabled = true`. Each scan, whatever its direction, is a document with `@timestamp` and, below',
    '`rspamd_meta`, the fields of Rspamd: `action`, `asn`, `direction` (`Inbound`, `Outbound`), `from_domain`, `from_user`,',
    '`fuzzy_hashes`, `header_…` (of `collect_headers`), `helo`, `hostname`, `ip`, `is_local`, `message_id`,',
    '`mime_from_domain`, `mime_from_user`, `qid`, `rcpt`, `received_delay` (s), `rspamd_server`, `scan_time` (ms), `score`,',
    '`sender_ip` (X-Originating-IP), `settings_id`, `size`, `symbols` (`name`, `score`, `group`, `options`), `user`; the server',
    'adds `geoip` and `sender_geoip`. There are no `language` and `non_en`.',
    '',
    'Before the first batch the server is asked what it is, and gets index policy, ingest pipeline and index template. A',
    'policy is changed only when it says something else. **The stock policy deletes rows after 30 days.**',
    '',
    '**Personal data**: rows hold addresses, logins and the subject. Leave header fields out with `collect_headers`.',
    '',
    'Rows go out in batches, after the reply: sending never delays one. While the server is out a process keeps at most',
    'eight batches and 64 MiB, and tries again every `periodic_interval` seconds, later up to a minute, `limits.max_fail`',
    'times for a batch; what is given up is counted in `postern_sink_rows_total`. Rows have ids, so that one that is sent',
    'again does not count twice. A stop or a reload sends what there is, for two seconds. Rows in memory are lost when a',
    'process is killed.',
    '',
    'Unlike Rspamd: mail of local addresses is `Outbound` too; an index is named by the time of the scan, in UTC; a server',
    'that could not be asked long enough is asked again for the next batch.',
    '',
    '```',
    '# local.d/elastic.conf',
    'enabled = true;',
    'server = "search.example.com:9200";',
    'use_https = true;',
    'user = "rspamd";',
    'password = "…";',
    '```',
  ].join('\n'),
  group: 'elastic',
  stage: 'idempotent',
  direction: 'both',
  needs: [],
  config,
  servers: 'own',
  unsupported,
  symbols: {},
  create({ config: settings, options, clock, log, metrics, onClose, configError }) {
    const { version, limits } = settings;
    if (!version.autodetect_enabled && !version.override)
      throw configError(
        ['version', 'override'],
        'nothing says what the server is',
        'override { name; version }',
      );
    const client = new HttpClient({
      user: settings.user,
      password: settings.password ?? (settings.user === undefined ? undefined : ''),
      usesGzip: settings.use_gzip,
      keepsAlive: settings.use_keepalive,
      acceptsAnyCertificate: settings.no_ssl_verify,
      maxSockets: 1,
      maxAnswerBytes,
    });
    const option = settings.server === undefined && settings.servers !== undefined ? 'servers' : 'server';
    const web = WebServers.create({
      servers: settings[option] ?? 'localhost',
      defaultPort,
      usesTls: settings.use_https,
      client,
      now: () => clock.now(),
    });
    if ('wrong' in web) throw configError([option], `\`${web.wrong}\` is no server`, 'host:port');
    const database = new ElasticDatabase(web, settings, log);
    const sink = new BatchSink({
      name: 'elastic',
      send: (batch, signal) => database.send(batch, signal),
      maxRows: limits.max_rows,
      maxBytes: limits.max_size,
      maxAgeMs: limits.max_interval * 1000,
      timeoutMs: maxRequests * settings.timeout * 1000,
      retries: limits.max_fail,
      firstPauseMs: settings.periodic_interval * 1000,
      log,
      metrics,
    });
    onClose(async () => {
      await sink.close();
      web.close();
    });
    const rows = new RowMaker(settings, { hostName: options.hostName, now: () => clock.now() });
    return {
      name: 'ELASTIC_COLLECT',
      alwaysRun: true,
      run(task) {
        if (task.flags.has('skip') || (!settings.allow_local && isOperatorScan(task.originalEnvelope)))
          return;
        sink.add(rows.make(task));
      },
    } satisfies CheckUnit<never>;
  },
});
