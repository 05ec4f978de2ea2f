import type { UclEntry, UclNode, UclObject } from '../ucl/index.ts';
import { firstNode, flatten } from './flatten.ts';
import { operatorNode, type Reading } from './section.ts';

// DNS lists in the places where older versions had them: `surbl.rules`, `emails.rules` and `rbl.rules` are lists of
// `rbl.rbls` (config-format 4, modules.md "emails, surbl, ip_score").

type Entries = Map<string, UclEntry>;

const surblNames: Readonly<Record<string, string>> = {
  suffix: 'rbl',
  ips: 'returncodes',
  bits: 'returnbits',
  noip: 'no_ip',
};
const emailsNames: Readonly<Record<string, string>> = {
  dnsbl: 'rbl',
  check_replyto: 'replyto',
  hashlen: 'hash_len',
  encoding: 'hash_format',
  domain_only: 'emails_domainonly',
  delimiter: 'emails_delimiter',
};

/** A root whose lists all stand in `rbl.rbls`; each that was moved is told. */
export function withListsInPlace(reading: Reading, root: UclObject): UclObject {
  const rbl = sectionOf(root, 'rbl');
  const moved: Entries = new Map();
  const legacy = [
    ['surbl', convertSurbl],
    ['emails', convertEmails],
  ] as const;
  const entries = new Map(root.entries);
  for (const [name, convert] of legacy) {
    const section = sectionOf(root, name);
    const rules = section && inner(section, 'rules');
    if (!section || !rules || rules.entries.size === 0 || isOff(section)) continue;
    const whitelist = section.entries.get('whitelist');
    for (const [rule, entry] of rules.entries) {
      const [value] = entry.values;
      if (value?.kind !== 'object') continue;
      const flat = flatten(entry.values);
      const converted = convert(flat, rule);
      if (whitelist && !converted.has('whitelist')) converted.set('whitelist', whitelist);
      moved.set(rule, { values: [{ ...flat, entries: converted }], replaced: [] });
      tell(reading, entry, [name, 'rules', rule], rule);
    }
    tellLeftOver(reading, section, name);
    entries.delete(name);
  }
  for (const [rule, entry] of (rbl && inner(rbl, 'rules'))?.entries ?? []) moved.set(rule, entry);
  if (moved.size === 0) return root;
  const base = rbl ?? { ...firstObject(moved), entries: new Map() };
  const lists = new Map(inner(base, 'rbls')?.entries ?? []);
  for (const [name, entry] of moved) lists.set(name, overlaid(lists.get(name), entry));
  const content = new Map(base.entries);
  content.delete('rules');
  const { position } = inner(base, 'rbls') ?? base;
  content.set('rbls', { values: [{ ...base, position, entries: lists }], replaced: [] });
  entries.set('rbl', { values: [{ ...base, entries: content }], replaced: [] });
  return { ...root, entries };
}

function sectionOf(root: UclObject, name: string): UclObject | undefined {
  const values = root.entries.get(name)?.values ?? [];
  return values.some(({ kind }) => kind === 'object') ? flatten(values) : undefined;
}

function inner(section: UclObject, key: string): UclObject | undefined {
  return sectionOf(section, key);
}

function firstObject(entries: Entries): UclObject {
  return flatten([...entries.values()].flatMap(({ values }) => values));
}

function isOff(section: UclObject): boolean {
  const enabled = section.entries.get('enabled');
  const node = enabled && firstNode(enabled);
  return node?.kind === 'scalar' && node.value === false;
}

/** What is moved wins over what stands there, objects within are put together. */
function overlaid(old: UclEntry | undefined, entry: UclEntry): UclEntry {
  const below = old?.values.every(({ kind }) => kind === 'object') ? flatten(old.values) : undefined;
  const above = entry.values.every(({ kind }) => kind === 'object') ? flatten(entry.values) : undefined;
  if (!below || !above) return entry;
  const entries = new Map(below.entries);
  for (const [key, value] of above.entries) entries.set(key, overlaid(entries.get(key), value));
  return { values: [{ ...above, entries }], replaced: old?.values ?? [] };
}

function setTo(entries: Entries, key: string, value: string | boolean, at: UclNode): void {
  const { position, keyPosition, priority } = at;
  const type = typeof value === 'boolean' ? 'boolean' : 'string';
  entries.set(key, {
    values: [{ kind: 'scalar', type, value, text: String(value), position, keyPosition, priority }],
    replaced: [],
  });
}

function isTrue(entry: UclEntry | undefined): boolean {
  const node = entry && firstNode(entry);
  return node?.kind === 'scalar' && (node.value === true || /^(?:true|yes|on|1)$/i.test(node.text));
}

function renamed(rule: UclObject, names: Readonly<Record<string, string>>): Entries {
  const entries: Entries = new Map();
  for (const [key, entry] of rule.entries) entries.set(Object.hasOwn(names, key) ? names[key]! : key, entry);
  return entries;
}

/** Lists of links. */
function convertSurbl(rule: UclObject): Entries {
  const converted: Entries = new Map();
  setTo(converted, 'urls', true, rule);
  setTo(converted, 'ignore_defaults', true, rule);
  for (const [key, entry] of renamed(rule, surblNames)) {
    if (key !== 'options') {
      converted.set(key.startsWith('check_') ? key.slice('check_'.length) : key, entry);
      continue;
    }
    const node = firstNode(entry);
    if (node.kind === 'scalar' && /^no_?ip$/.test(node.text)) setTo(converted, 'no_ip', true, node);
  }
  if (isTrue(converted.get('dkim'))) {
    setTo(converted, 'dkim_domainonly', false, rule);
    setTo(converted, 'dkim_match_from', true, rule);
  }
  if (isTrue(converted.get('emails'))) setTo(converted, 'emails_domainonly', true, rule);
  return converted;
}

/** Lists of addresses. */
function convertEmails(rule: UclObject, name: string): Entries {
  const converted: Entries = new Map();
  setTo(converted, 'emails', true, rule);
  setTo(converted, 'ignore_defaults', true, rule);
  for (const [key, entry] of renamed(rule, emailsNames)) {
    if (key === 'skip_body') {
      setTo(converted, 'emails', !isTrue(entry), rule);
      if (isTrue(entry)) setTo(converted, 'replyto', true, rule);
    } else if (key === 'expect_ip') {
      const own = rule.entries.get('symbol');
      const node = own && firstNode(own);
      const symbol = node?.kind === 'scalar' ? node.text : name;
      const { position, keyPosition, priority } = firstNode(entry);
      const codes: UclObject = {
        kind: 'object',
        entries: new Map([[symbol, entry]]),
        position,
        keyPosition,
        priority,
      };
      converted.set('returncodes', { values: [codes], replaced: [] });
    } else converted.set(key, entry);
  }
  return converted;
}

function tell(reading: Reading, entry: UclEntry, path: readonly string[], rule: string): void {
  const { keyPosition, position } = firstNode(entry);
  if (operatorNode(reading, entry))
    reading.findings.notice(keyPosition ?? position, path, `read as the list \`rbl.rbls.${rule}\``);
}

const movedKeys = new Set(['rules', 'whitelist', 'enabled']);

function tellLeftOver(reading: Reading, section: UclObject, name: string): void {
  for (const [key, entry] of section.entries) {
    const own = movedKeys.has(key) ? undefined : operatorNode(reading, entry);
    if (own)
      reading.findings.ignore(
        own.keyPosition ?? own.position,
        [name, key],
        'means nothing here and is ignored',
      );
  }
}
