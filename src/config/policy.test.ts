import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checks, folder, readFolder } from './fixture.ts';
import { loadConfiguration } from './index.ts';

/** A tree in the shape of Rspamd's own, with a few of its sections. */
const tree = {
  'rspamd.conf': `
    .include "$CONFDIR/common.conf"
    options {
      pidfile = "$RUNDIR/rspamd.pid";
      .include "$CONFDIR/options.inc"
      .include(try=true; priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/options.inc"
      .include(try=true; priority=10) "$LOCAL_CONFDIR/override.d/options.inc"
    }
    logging { type = "file"; filename = "$LOGDIR/rspamd.log"; color = false; level = "info" }
    worker "normal" { bind_socket = "localhost:11333"; mime = true }
    worker "controller" {
      bind_socket = "localhost:11334"; password = "q1"; secure_ip = "127.0.0.1"; secure_ip = "::1";
      static_dir = "/no/such/folder";
      .include(try=true; priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/worker-controller.inc"
    }
    worker "rspamd_proxy" {
      bind_socket = "localhost:11332"; milter = yes; timeout = 120s;
      upstream "local" { default = yes; hosts = "localhost" }
      .include(try=true; priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/worker-proxy.inc"
    }
    worker "fuzzy" { bind_socket = "localhost:11335"; count = -1; backend = "redis" }
    worker "hs_helper" { count = 1 }`,
  'common.conf': `
    lua = "$RULESDIR/rspamd.lua"
    metric { name = "default" }
    actions { reject = 15; add_header = 6; greylist = 4;
      .include(try=true; priority=1; duplicate=merge) "$LOCAL_CONFDIR/local.d/actions.conf" }
    group "headers" { max_score = 8; symbols = { "FORGED_SENDER" { weight = 0.3; description = "d" } } }
    composites { C { expression = "A & -B"; policy = "leave" } }
    classifier "bayes" { tokenizer { name = "osb" } statfile { symbol = "BAYES_HAM"; spam = false }
      learn_condition = 'return require("x").y';
      .include(try=true; priority=1) "$LOCAL_CONFDIR/local.d/classifier-bayes.conf" }
    .include(glob=true) "\${CONFDIR}/modules.d/*.conf"
    settings { }
    .include(try=true) "$LOCAL_CONFDIR/rspamd.conf.local"
    modules { path = "$PLUGINSDIR" }`,
  'options.inc': `filters = "chartable,dkim,regexp,fuzzy_check"; cache_file = "$DBDIR/symbols.cache"; one_shot = false;
    rrd = "$DBDIR/rspamd.rrd"; some_newer_option = 5; allow_raw_input = true;`,
  'modules.d/greylist.conf': `greylist { expire = 1d; timeout = 5min; message = "Try again later";
    .include(try=true,priority=5) "\${DBDIR}/dynamic/greylist.conf"
    .include(try=true,priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/greylist.conf"
    .include(try=true,priority=10) "$LOCAL_CONFDIR/override.d/greylist.conf" }`,
  'modules.d/rbl.conf': `rbl { rbls { zen { rbl = "zen"; checks = ['from']; } }
    .include(try=true,priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/rbl.conf" }`,
  'modules.d/ratelimit.conf': `ratelimit { whitelisted_rcpts = "postmaster,mailer-daemon"; newer_key = { a = 1 };
    .include(try=true,priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/ratelimit.conf" }`,
  'modules.d/newest.conf': 'newest_module { enabled = true; a = "return function(task) end" }',
  'modules.d/neural.conf': 'neural { }',
  'modules.d/elastic.conf':
    'elastic { limit = 10; .include(try=true,priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/elastic.conf"\n }',
};

test('a whole tree as Rspamd ships it loads, and what has no counterpart is told once', (context) => {
  const { configuration, errors, unsupported, notices } = readFolder(context, tree);
  assert.deepEqual([errors, unsupported], [[], []]);
  assert.deepEqual(notices, [
    'modules.d/ratelimit.conf:1:61: ratelimit.newer_key: stock value left out: unknown option `newer_key`',
    'options.inc:2:32: options.some_newer_option: stock value left out: unknown option `some_newer_option`',
    'stock modules without counterpart here do nothing: greylist, newest_module, rbl',
  ]);
  assert.equal(configuration.options.checkAllFilters, true);
  assert.equal(configuration.controller.password, undefined);
  assert.equal(configuration.controller.staticDir, undefined);
  assert.equal(configuration.logging.type, 'console');
  assert.equal(configuration.proxy.timeoutMs, 120_000);
  assert.equal(configuration.symbols.get('FORGED_SENDER')?.score, 0.3);
  assert.deepEqual(configuration.composites[0]?.policy, 'leave');
});

test('rules that stock files offer without servers count once the operator completes them', (context) => {
  const stock = {
    ...tree,
    'modules.d/external_services.conf': `external_services { dcc { max_size = 20 } oletools { max_size = 30 }
      .include(try=true,priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/external_services.conf"\n }`,
  };
  const rules = (own: string): unknown => {
    const read = readFolder(context, { ...stock, 'local.d/external_services.conf': own });
    return read.errors.length > 0 ? read.errors : read.configuration.modules.get('external_services');
  };
  assert.deepEqual(rules(''), {});
  assert.deepEqual(rules('dcc { servers = "here" }'), {
    dcc: { servers: 'here', max_size: 20 },
  });
  assert.deepEqual(rules('dcc { max_size = 5 }'), { dcc: { max_size: 5 } });
});

test('what the operator changes in something that is not implemented is unsupported by name', async (context) => {
  const files = {
    ...tree,
    'local.d/greylist.conf':
      'expire = 2d; timeout = 300s; # the second is the stock value\nmessage = "Try again later"',
    'local.d/rbl.conf': 'rbls { zen { enabled = false } mine { rbl = "x" } }',
    'local.d/classifier-bayes.conf': 'autolearn = true',
    'local.d/ratelimit.conf':
      'message_func = "return function(t) end"; prefix = "return function(task) return 1 end"',
    'local.d/options.inc': 'allow_raw_input = false; pidfile = "/x"',
    'local.d/worker-proxy.inc': 'upstream "local" { key = "abc"; self_scan = yes }',
    'rspamd.conf.local':
      'worker "lua" { count = 1 } modules { path = "/x" } settings { r { a = "return function(t) end" } }',
    'rspamd.local.lua': '',
    'lua.local.d/x.lua': '',
    'lua.local.d/notes.txt': '',
  };
  const { errors, unsupported, notices } = readFolder(context, files);
  assert.deepEqual(errors, []);
  assert.deepEqual(unsupported, [
    'local.d/classifier-bayes.conf:1:13: classifier: not supported: statistics',
    'local.d/greylist.conf:1:10: greylist.expire: module greylist is not implemented',
    'local.d/ratelimit.conf:1:16: ratelimit.message_func: not supported: Lua functions are not run',
    'local.d/ratelimit.conf:1:51: ratelimit.prefix: Lua code is not run here',
    'local.d/rbl.conf:1:45: rbl.rbls: module rbl is not implemented',
    'rspamd.conf.local:1:24: worker.lua: a worker of type lua is not implemented',
    'rspamd.conf.local:1:71: settings: Lua code is not run here',
    'local.d/options.inc:1:19: options.allow_raw_input: not supported: messages without MIME structure are always scanned',
    'local.d/worker-proxy.inc:1:26: worker.rspamd_proxy.upstream.local.key: not supported: encrypted connections to other scanners',
    'rspamd.local.lua:1:1: Lua code is not run here',
    'lua.local.d/x.lua:1:1: Lua code is not run here',
  ]);
  assert.ok(notices.includes('local.d/options.inc:1:26: options.pidfile: means nothing here and is ignored'));
  assert.ok(notices.includes('rspamd.conf.local:1:45: modules: means nothing here and is ignored'));
  const configDir = folder(context, files);
  const options = { configDir, stateDir: folder(context, {}), variables: {}, checks };
  await assert.rejects(
    loadConfiguration({ ...options, allowUnsupported: false }),
    /module greylist is not implemented/,
  );
  const configuration = await loadConfiguration({ ...options, allowUnsupported: true });
  assert.equal(configuration.unsupported.length, 11);
  assert.equal(configuration.proxy.upstreams[0]?.selfScan, true);
  assert.deepEqual(configuration.proxy.upstreams[0]?.hosts, []);
});

test('switching off what is not implemented needs no insistence', (context) => {
  const { errors, unsupported } = readFolder(context, {
    'local.d/greylist.conf': 'enabled = false; timeout = 1h',
    'local.d/rbl.conf': 'enabled = true',
    'local.d/antivirus.conf': 'enabled = false',
    'local.d/worker-fuzzy.inc': 'enabled = false; count = 4',
    'local.d/phishing.conf': 'openphish_enabled = false; phishtank_enabled = true',
  });
  assert.deepEqual([errors, unsupported], [[], []]);
  const off = readFolder(context, { 'local.d/hfilter.conf': 'url_enabled = false; mid_enabled = false' });
  assert.deepEqual(off.unsupported, [
    'local.d/hfilter.conf:1:15: hfilter.url_enabled: module hfilter is not implemented',
  ]);
  const on = readFolder(context, { 'local.d/antivirus.conf': 'enabled = true' });
  assert.deepEqual(on.unsupported, [
    'local.d/antivirus.conf:1:11: antivirus.enabled: module antivirus is not implemented',
  ]);
});

test('the stock log file stays unused until the operator asks for one', (context) => {
  const file = {
    'rspamd.conf':
      'logging { type = "file"; .include(try=true,priority=1) "$CONFDIR/local.d/logging.inc"\n }',
  };
  assert.equal(readFolder(context, file).configuration.logging.type, 'console');
  const own = readFolder(context, {
    ...file,
    'local.d/logging.inc': 'type = "file"; filename = "/var/log/x"',
  });
  assert.deepEqual([own.configuration.logging.type, own.configuration.logging.file], ['file', '/var/log/x']);
});

test('modules that only export need no insistence either, and say that they do nothing', (context) => {
  const { errors, unsupported, notices } = readFolder(context, {
    'local.d/elastic.conf': 'server = "h:9200"',
  });
  assert.deepEqual([errors, unsupported], [[], []]);
  assert.deepEqual(notices, [
    'local.d/elastic.conf:1:10: elastic: this module has no counterpart here and does nothing',
  ]);
});

test('files that nothing includes and sections of own plugins are pointed out', (context) => {
  const { unsupported, notices } = readFolder(context, {
    'local.d/ratelmit.conf': 'a = 1',
    'override.d/options.conf': 'a = 1',
    'local.d/mid.inc': 'a list',
    'local.d/maps.d/x.conf': 'a list',
    'modules.local.d/own.conf': 'my_own_plugin_for_x { a = 1 }',
  });
  assert.deepEqual(notices, [
    'local.d/ratelmit.conf:1:1: this file is not read: no section includes it, did you mean `ratelimit`?',
    'override.d/options.conf:1:1: this file is not read: no section includes it',
  ]);
  assert.deepEqual(unsupported, [
    'modules.local.d/own.conf:1:1: my_own_plugin_for_x: section of a plugin that is not known here',
  ]);
});

test('Lua in one rule sets that rule aside and leaves the others', (context) => {
  const { configuration, errors, unsupported } = readFolder(context, {
    'local.d/ratelimit.conf':
      'rates { kept { bucket = [{ burst = 5; rate = 1 }] } dropped { selector = "return function(task) end"; bucket = [] } }',
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(unsupported, [
    'local.d/ratelimit.conf:1:74: ratelimit.rates.dropped: Lua code is not run here',
  ]);
  const { rates } = configuration.modules.get('ratelimit') as { rates: object };
  assert.deepEqual(Object.keys(rates), ['kept']);
});
