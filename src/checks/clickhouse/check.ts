import { type CheckUnit, defineCheck, isOperatorScan } from '../../core/index.ts';
import { BatchSink, HttpClient, WebServers } from '../../delivery/index.ts';
import { ownColumnNames } from './columns.ts';
import { ClickHouse } from './database.ts';
import { config, extraColumnsOf, unsupported } from './options.ts';
import { RowMaker } from './row.ts';

const defaultPort = 8123;
const defaultRows = 1000;
/** Answers that are read: names of columns and partitions. */
const maxAnswerBytes = 1024 ** 2;
const firstPauseMs = 1000;
/** Statements besides the insertion that one batch may cause. */
const maxStatements = 8;

export const clickhouse = defineCheck({
  name: 'clickhouse',
  summary: 'Keeps a row about each message in ClickHouse.',
  details: [
    'Off until `server` names one. Each scan, whatever its direction, is a row of the table `rspamd`, with the columns and',
    'types that Rspamd gives it; a table that Rspamd made goes on being filled. The table is made when it is not there,',
    'and columns that it lacks are added, also for `extra_columns`; columns that we do not know are left alone, as is',
    'Rspamd’s table of schema versions. The HTTP interface is used, with `JSONEachRow`.',
    '',
    'Columns: `Date`, `TS`, `TaskUUID`, `From`, `FromUser`, `MimeFrom`, `MimeUser`, `IP`, `Helo`, `Score`, `NRcpt`, `Size`,',
    '`IsWhitelist`, `IsBayes`, `IsFuzzy`, `IsFann`, `IsDkim`, `IsDmarc`, `IsSpf`, `NUrls`, `Action`, `CustomAction` (actions of',
    'your own, and `discard` and `quarantine`), `SMTPRecipients`, `MimeRecipients`, `MessageId`, `ListId`, `Subject`,',
    '`Attachments.…`, `Urls.…`, `Emails`, `ASN`, `Country`, `IPNet`, `Symbols.…`, `Groups.…`, `ScanTimeReal` (ms), `AuthUser`,',
    '`SettingsId`, `Digest`.',
    '',
    '**Personal data**: rows hold addresses, logins, hosts of links and names of attachments. Client addresses are cut to',
    '`ipmask` bits. Subject, whole links, symbols and the digest of the content are kept only when you say so. Set',
    '`retention`.',
    '',
    'Rows go out in batches, after the reply: sending never delays one. While ClickHouse is out a process keeps at most',
    'eight batches and 64 MiB, and tries again after 1 s, 2 s and so on up to a minute, `retries` times for a batch; what is',
    'given up is counted in `postern_sink_rows_total`. An attempt that ran out of time may have arrived. A stop or a reload',
    'sends what there is, for two seconds. Rows in memory are lost when a process is killed.',
    '',
    '```',
    '# local.d/clickhouse.conf',
    'server = "clickhouse.example.com:8123";',
    'user = "rspamd";',
    'password = "…";',
    'retention { enable = true; method = "drop"; period_months = 3; }',
    'extra_columns {',
    '  Mime_From { selector = "from(\'mime\'):addr"; }',
    '}',
    '```',
  ].join('\n'),
  group: 'clickhouse',
  stage: 'idempotent',
  direction: 'both',
  needs: [],
  config,
  servers: 'own',
  unsupported,
  symbols: {},
  create(context) {
    const { config: settings, clock, log, metrics, onClose, configError, warn } = context;
    const servers = settings.server ?? settings.servers;
    if (servers === undefined) return undefined;
    if (settings.collect_garbage) warn(['collect_garbage'], 'means nothing here and is ignored');
    const extra = extraColumnsOf(settings).map((column) => {
      const path = ['extra_columns', column.key] as const;
      if (ownColumnNames.has(column.name))
        throw configError(path, `${column.name} is a column of the table already`);
      return {
        ...column,
        compiled: context.selectors.compile(column.selector, { path: context.path(...path, 'selector') }),
      };
    });
    const client = new HttpClient({
      user: settings.user,
      password: settings.password ?? (settings.user === undefined ? undefined : ''),
      usesGzip: settings.use_gzip,
      keepsAlive: true,
      acceptsAnyCertificate: settings.no_ssl_verify,
      maxSockets: 1,
      maxAnswerBytes,
    });
    const usesTls = settings.use_https;
    const web = WebServers.create({ servers, defaultPort, usesTls, client, now: () => clock.now() });
    if ('wrong' in web)
      throw configError(
        [settings.server === undefined ? 'servers' : 'server'],
        `\`${web.wrong}\` is no server`,
        'host:port',
      );
    const database = new ClickHouse(web, settings, context.store, log);
    const sink = new BatchSink({
      name: 'clickhouse',
      send: (batch, signal) => database.send(batch, signal),
      maxRows: settings.limits.max_rows ?? settings.limit ?? defaultRows,
      maxBytes: settings.limits.max_memory,
      maxAgeMs: settings.limits.max_interval * 1000,
      timeoutMs: (settings.timeout + maxStatements * settings.check_timeout) * 1000,
      retries: settings.retries,
      firstPauseMs,
      log,
      metrics,
    });
    onClose(async () => {
      await sink.close();
      web.close();
    });
    const rows = new RowMaker(settings, extra, clock);
    return {
      name: 'CLICKHOUSE_COLLECT',
      alwaysRun: true,
      run(task) {
        if (task.flags.has('skip') || (!settings.allow_local && isOperatorScan(task.originalEnvelope)))
          return;
        if (settings.stop_symbols.some((symbol) => task.result.has(symbol))) return;
        sink.add(rows.make(task));
      },
    } satisfies CheckUnit<never>;
  },
});
