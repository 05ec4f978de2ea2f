import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';

/** An option that is known, and why it cannot be used. */
const refused = (reason: string) =>
  z
    .custom<undefined>((value) => value === undefined, reason)
    .optional()
    .describe(`Refused: ${reason}`);

/** Goes into requests of a protocol made of lines. */
const line = z
  .string()
  .regex(/^[\x21-\x7e][\x20-\x7e]*$/, 'this must be one line of printable ASCII characters');

const symbolPatterns = z.record(z.string(), z.string());
const patterns = z
  .union([symbolPatterns, z.array(symbolPatterns)])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const words = z.union([z.string(), z.array(z.string())]);
const named = z.record(z.string(), z.string());

/** The texts inside, at most two levels deep. */
function texts(value: string | readonly (string | object)[] | object): readonly string[] {
  if (typeof value === 'string') return [value];
  return Object.values(value).flatMap((inner: string | object) => texts(inner));
}
const filter = z.union([words, named, z.array(z.union([words, named]))]).transform(texts);

export const ruleOptions = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
  type: z.string().optional().describe('`clamav` or `icap`. Default: the name of the rule'),
  name: z
    .string()
    .optional()
    .describe('Name in `${SCANNER}`, log and keys of the store. Default: the name of the rule'),
  servers: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(
      'Required. `host`, `host:port`, `host:port:weight` or `/unix/path`, several with commas or as a list; port 3310 (clamav), 1344 (icap). Asked in turn, or with `master-slave:` in front the first that works',
    ),
  symbol: z.string().optional().describe('Symbol for a threat. Default: the name of the rule in upper case'),
  score: z.number().optional().describe('Score of `symbol`. Default 0'),
  description: z.string().optional().describe('Description of `symbol`'),
  group: z.string().optional().describe('Group of the symbols. Default `antivirus`'),
  symbol_fail: z
    .string()
    .optional()
    .describe(
      'Symbol (weight 0) when the scanner could not be asked or could not judge. Default `<symbol>_FAIL`',
    ),
  symbol_encrypted: z
    .string()
    .optional()
    .describe('Symbol for encrypted content. Default `<symbol>_ENCRYPTED`'),
  symbol_macro: z.string().optional().describe('Symbol for macros. Default `<symbol>_MACRO`'),
  symbol_type: z
    .enum(['normal', 'postfilter'])
    .default('normal')
    .describe('`postfilter`: scans only after the filters'),
  action: z
    .string()
    .optional()
    .describe('Action to force on a threat; any but `reject` gives way to a stronger one by score'),
  message: z
    .string()
    .optional()
    .describe(
      'Text for the SMTP reply with `action`. Default `${SCANNER}: virus found: "${VIRUS}"`; icap: `${SCANNER}: threat found with icap scanner: "${VIRUS}"`',
    ),
  scan_mime_parts: z
    .boolean()
    .default(true)
    .describe('Attachments one by one; false: the whole message as it came'),
  attachments_only: z.boolean().optional().describe('Older name of `scan_mime_parts`'),
  scan_all_mime_parts: z
    .boolean()
    .default(true)
    .describe('Every part that is no text and no image; false: only what the `mime_parts_filter_…` name'),
  scan_text_mime: z.boolean().default(false).describe('Text of the message, too'),
  text_part_min_words: z
    .number()
    .nonnegative()
    .default(0)
    .describe('With `scan_text_mime`: only texts of so many words'),
  scan_image_mime: z.boolean().default(false).describe('Images, too'),
  mime_parts_filter_regex: filter
    .optional()
    .describe('Expressions for file name or content type, for `scan_all_mime_parts = false`'),
  mime_parts_filter_ext: filter
    .optional()
    .describe('Extensions of file names (last or last but one), for `scan_all_mime_parts = false`'),
  max_size: z.number().positive().optional().describe('Larger pieces are not scanned, bytes'),
  min_size: z.number().nonnegative().optional().describe('Smaller pieces are not scanned, bytes'),
  timeout: z
    .number()
    .positive()
    .max(3600)
    .optional()
    .describe('Seconds for all pieces of a message and all attempts together. Default 5; icap 10'),
  retransmits: z
    .int()
    .min(0)
    .max(20)
    .default(2)
    .describe('Further attempts, each on another server if there is one'),
  cache_expire: z
    .number()
    .nonnegative()
    .optional()
    .describe('Seconds for which a result is kept in the store; 0: not at all. Default 3600; icap 7200'),
  no_cache: z.boolean().default(false).describe('Results are not kept'),
  prefix: z.string().optional().describe('Put before the digest in keys of the store. Default `rs_<name>_`'),
  patterns: patterns
    .default([])
    .describe('`SYMBOL = "/expression/"` for names of threats: that symbol instead of `symbol`'),
  patterns_fail: patterns
    .default([])
    .describe('The same for texts of failures, instead of `symbol_fail`, with weight 1'),
  whitelist: z
    .unknown()
    .optional()
    .describe(
      'Map of names of threats that do not count, of BLAKE2b-512 digests (hexadecimal) of pieces and of envelope sender domains that are not scanned',
    ),
  log_clean: z.boolean().default(false).describe('Log clean pieces, too'),
  show_attachments: z
    .boolean()
    .default(false)
    .describe("Add the attachment's file name to the symbol's option"),
  dynamic_scan: z
    .boolean()
    .default(false)
    .describe(
      'Not when the message is already rejected or has twice the score for it, unless `action = "reject"`',
    ),
  default_score: z.number().default(1).describe('Weight of `symbol` (icap)'),
  scheme: line.default('scan').describe('Path of the ICAP service'),
  ssl: z.boolean().default(false).describe('TLS (icap)'),
  no_ssl_verify: z.boolean().default(false).describe("Accept any certificate of the server's"),
  user_agent: line.default('Postern').describe('User-Agent (icap); `none`: not sent'),
  x_client_header: z.boolean().default(false).describe("Send the client's address as X-Client-IP (icap)"),
  x_rcpt_header: z.boolean().default(false).describe('Send the first recipient as X-Rcpt-To (icap)'),
  x_from_header: z.boolean().default(false).describe('Send the envelope sender as X-Mail-From (icap)'),
  req_headers_enabled: z.boolean().default(true).describe('Send a made-up HTTP request head (icap)'),
  req_fake_url: line.default('http://127.0.0.1/mail').describe('URL in it'),
  http_headers_enabled: z.boolean().default(true).describe('Send a made-up HTTP response head (icap)'),
  use_http_result_header: z.boolean().default(true).describe('Read the HTTP head in the answer, too (icap)'),
  use_http_3xx_as_threat: z.boolean().default(false).describe('A redirection means a threat (icap)'),
  eicar_fake_pattern: refused('content is never replaced before it is scanned'),
});
export type RuleOptions = z.output<typeof ruleOptions>;

export const antivirusOptions = z
  .object({
    enabled: z.boolean().default(true).describe('Switches the check off when false'),
    ...moduleRedisOptions,
  })
  .catchall(ruleOptions.describe('A rule by its name'));
export type AntivirusOptions = z.output<typeof antivirusOptions>;
