import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { luaRegistrations } from './migrate-lua.ts';

const listed = (source: string): readonly string[] =>
  luaRegistrations(source).map(({ kind, name, line }) => `${line} ${kind} ${name ?? '?'}`);

test('every way of registering something is listed by name and line', () => {
  const source = `
local id = rspamd_config:register_symbol({ type = 'normal', name = 'TABLE_FORM' })
rspamd_config:register_symbol{ name = "SUGAR" }
rspamd_config:register_symbol('OLD_FORM', 1.0, function(task) return false end)
rspamd_config:register_virtual_symbol("VIRTUAL", 1, id)
rspamd_config:register_dependency('A', "B")
rspamd_config.FIELD = function(task) end
rspamd_config['BRACKETS'] = { callback = f }
rspamd_maps.own_list = rspamd_config:add_map{ type = 'set', url = '/x' }
lua_selectors.register_extractor(rspamd_config, "tenant", { get_value = f })
require "lua_selectors".register_transform(rspamd_config, 'cut', {})
config['regexp']['DIRECT'] = { re = 'x' }
local reconf = config['regexp']
reconf['BY_NAME'] = { re = 'x' }
reconf.BY_FIELD = { re = 'x' }
rspamd_config:add_composite('COMP', 'A & B')
rspamd_config:add_on_load(function(cfg) log('not a name') end)
rspamd_config:set_metric_symbol({ score = 1, name = 'SCORED' })
`;
  assert.deepEqual(listed(source), [
    '2 symbol TABLE_FORM',
    '3 symbol SUGAR',
    '4 symbol OLD_FORM',
    '5 symbol VIRTUAL',
    '6 dependency A → B',
    '7 symbol FIELD',
    '8 symbol BRACKETS',
    '9 map own_list',
    '9 map ?',
    '10 extractor tenant',
    '11 transform cut',
    '12 regexp rule DIRECT',
    '14 regexp rule BY_NAME',
    '15 regexp rule BY_FIELD',
    '16 composite COMP',
    '17 start hook ?',
    '18 score SCORED',
  ]);
});

test('comments and texts register nothing', () => {
  const source = `-- rspamd_config:register_symbol{ name = 'ONE' }
--[[ rspamd_config.TWO = 1
]] local text = [==[
rspamd_config.THREE = 1 ]] ]==]
local other = "-- no comment" rspamd_config.FOUR = 1 --[=[ rspamd_config.FIVE = 1`;
  assert.deepEqual(listed(source), ['5 symbol FOUR']);
});

test('a name that is computed stays unknown, and names inside the callback are not taken for it', () => {
  const source = `rspamd_config:register_symbol({
  callback = function(task)
    local name = 'local'
    call({ name = 'inner' })
  end,
  name = prefix .. 'X',
})
if rspamd_config.KNOWN == nil then end`;
  assert.deepEqual(listed(source), ['1 symbol ?']);
});

test('whatever the text is, the answer comes and its lines exist', () => {
  const word = fc.constantFrom(
    'rspamd_config',
    ':register_symbol',
    '.X',
    '["Y"]',
    ' = ',
    '{',
    '}',
    '(',
    ')',
    "'",
    '"',
    '[[',
    ']]',
    '--',
    '\\',
    '\n',
    'name = ',
    'config["regexp"]',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), (words) => {
      const source = words.join('');
      const lineCount = source.split('\n').length;
      for (const { line } of luaRegistrations(source)) assert.ok(line >= 1 && line <= lineCount);
    }),
    { numRuns: 300 },
  );
});
