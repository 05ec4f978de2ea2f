import type { ExtraColumn } from './options.ts';

/** A column of the table `rspamd`, with the names and types that Rspamd gives them. */
interface Column {
  readonly name: string;
  /** Type and default, as they stand in a declaration. */
  readonly declaration: string;
}

const enumeration = (...names: readonly string[]): string =>
  `Enum8(${names.map((name, value) => `'${name}' = ${value}`).join(', ')})`;

const own: readonly (readonly [name: string, declaration: string])[] = [
  ['Date', 'Date'],
  ['TS', 'DateTime'],
  ['TaskUUID', 'UUID'],
  ['From', 'String'],
  ['MimeFrom', 'String'],
  ['IP', 'String'],
  ['Helo', 'String'],
  ['Score', 'Float32'],
  ['NRcpt', 'UInt8'],
  ['Size', 'UInt32'],
  ['IsWhitelist', `${enumeration('blacklist', 'whitelist', 'unknown')} DEFAULT 'unknown'`],
  ['IsBayes', `${enumeration('ham', 'spam', 'unknown')} DEFAULT 'unknown'`],
  ['IsFuzzy', `${enumeration('whitelist', 'deny', 'unknown')} DEFAULT 'unknown'`],
  ['IsFann', `${enumeration('ham', 'spam', 'unknown')} DEFAULT 'unknown'`],
  ['IsDkim', `${enumeration('reject', 'allow', 'unknown', 'dnsfail', 'na')} DEFAULT 'unknown'`],
  [
    'IsDmarc',
    `${enumeration('reject', 'allow', 'unknown', 'softfail', 'na', 'quarantine')} DEFAULT 'unknown'`,
  ],
  ['IsSpf', `${enumeration('reject', 'allow', 'neutral', 'dnsfail', 'na', 'unknown')} DEFAULT 'unknown'`],
  ['NUrls', 'Int32'],
  [
    'Action',
    `${enumeration('reject', 'rewrite subject', 'add header', 'greylist', 'no action', 'soft reject', 'custom')} DEFAULT 'no action'`,
  ],
  ['CustomAction', 'String'],
  ['FromUser', 'String'],
  ['MimeUser', 'String'],
  ['SMTPRecipients', 'Array(String)'],
  ['MimeRecipients', 'Array(String)'],
  ['MessageId', 'String'],
  ['ListId', 'String'],
  ['Subject', 'String'],
  ['Attachments.FileName', 'Array(String)'],
  ['Attachments.ContentType', 'Array(String)'],
  ['Attachments.Length', 'Array(UInt32)'],
  ['Attachments.Digest', 'Array(FixedString(16))'],
  ['Urls.Tld', 'Array(String)'],
  ['Urls.Url', 'Array(String)'],
  ['Urls.Flags', 'Array(UInt32)'],
  ['Emails', 'Array(String)'],
  ['ASN', 'UInt32'],
  ['Country', 'FixedString(2)'],
  ['IPNet', 'String'],
  ['Symbols.Names', 'Array(String)'],
  ['Symbols.Scores', 'Array(Float32)'],
  ['Symbols.Options', 'Array(String)'],
  ['Groups.Names', 'Array(String)'],
  ['Groups.Scores', 'Array(Float32)'],
  ['ScanTimeReal', 'UInt32'],
  ['AuthUser', 'String'],
  ['SettingsId', 'String'],
  ['Digest', 'FixedString(32)'],
];

/** Quotes a text of SQL. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}

export const ownColumns: readonly Column[] = own.map(([name, declaration]) => ({ name, declaration }));

/** Names that the operator cannot give to columns of his own. */
export const ownColumnNames: ReadonlySet<string> = new Set(own.map(([name]) => name));

export function columnOf({ name, type, defaultValue, comment }: ExtraColumn): Column {
  const parts = [type];
  if (defaultValue !== undefined && !type.startsWith('Array(')) parts.push(`DEFAULT ${quoted(defaultValue)}`);
  if (comment !== undefined) parts.push(`COMMENT ${quoted(comment)}`);
  return { name, declaration: parts.join(' ') };
}

const declare = ({ name, declaration }: Column): string => `\`${name}\` ${declaration}`;

export function createTable(columns: readonly Column[]): string {
  return [
    `CREATE TABLE IF NOT EXISTS rspamd (${columns.map(declare).join(', ')})`,
    'ENGINE = MergeTree() PARTITION BY toMonday(Date) ORDER BY TS',
  ].join(' ');
}

export function addColumns(columns: readonly Column[]): string {
  return `ALTER TABLE rspamd ${columns.map((column) => `ADD COLUMN ${declare(column)}`).join(', ')}`;
}

export function insertInto(names: readonly string[]): string {
  return `INSERT INTO rspamd (${names.map((name) => `\`${name}\``).join(', ')}) FORMAT JSONEachRow`;
}
