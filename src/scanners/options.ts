import { z } from 'zod';

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

/** Options of every rule. */
export const commonOptions = {
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
  type: z.string().optional().describe('Kind of scanner. Default: the name of the rule'),
  name: z
    .string()
    .optional()
    .describe('Name in `${SCANNER}`, log and keys of the store. Default: the name of the rule'),
  servers: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(
      'Required. `host`, `host:port`, `host:port:weight` or `/unix/path`, several with commas or as a list; the default port is that of the type. Asked in turn, or with `master-slave:` in front the first that works',
    ),
  symbol: z
    .string()
    .optional()
    .describe('Symbol for a finding. Default: that of the type, else the name of the rule in upper case'),
  score: z.number().optional().describe('Score of `symbol`. Default: that of the type, else 0'),
  description: z.string().optional().describe('Description of `symbol`'),
  group: z.string().optional().describe('Group of the symbols. Default: the name of the section'),
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
    .optional()
    .describe('`postfilter`: scans only after the filters. Default: that of the type, else `normal`'),
  action: z
    .string()
    .optional()
    .describe('Action to force on a threat; any but `reject` gives way to a stronger one by score'),
  message: z
    .string()
    .optional()
    .describe(
      'Text for the SMTP reply with `action`, with `${SCANNER}` and `${VIRUS}`. Default: that of the type, such as `${SCANNER}: virus found: "${VIRUS}"`',
    ),
  scan_mime_parts: z
    .boolean()
    .optional()
    .describe(
      'Attachments one by one; false: the whole message as it came. Default: that of the type, else true',
    ),
  attachments_only: z.boolean().optional().describe('Older name of `scan_mime_parts`'),
  scan_all_mime_parts: z
    .boolean()
    .optional()
    .describe(
      'Every part that is no text and no image; false: only what the `mime_parts_filter_…` name. Default: true where there are none of these',
    ),
  scan_text_mime: z.boolean().default(false).describe('Text of the message, too'),
  text_part_min_words: z
    .number()
    .nonnegative()
    .default(0)
    .describe('With `scan_text_mime`: only texts of so many words'),
  scan_image_mime: z.boolean().default(false).describe('Images, too'),
  mime_parts_filter_regex: filter
    .optional()
    .describe(
      'Expressions for file name or content type, as declared and as their bytes say, or for names inside archives: only these parts',
    ),
  mime_parts_filter_ext: filter
    .optional()
    .describe(
      'Extensions of file names (last or last but one), also inside archives, or of what their bytes say: only these parts',
    ),
  max_size: z.number().positive().optional().describe('Larger pieces are not scanned, bytes'),
  min_size: z
    .number()
    .nonnegative()
    .optional()
    .describe('Smaller pieces are not scanned, bytes. Default: that of the type'),
  timeout: z
    .number()
    .positive()
    .max(3600)
    .optional()
    .describe('Seconds for all pieces of a message and all attempts together. Default: that of the type'),
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
    .describe('Seconds for which a result is kept in the store; 0: not at all. Default: that of the type'),
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
    .optional()
    .describe(
      'Not when the message is already rejected or has twice the score for it, unless `action = "reject"`. Default: that of the type, else false',
    ),
} as const;

/** Further options of rules of type `icap`. */
export const icapOptions = {
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
} as const;

export type CommonOptions = z.output<z.ZodObject<typeof commonOptions>>;
export type IcapOptions = CommonOptions & z.output<z.ZodObject<typeof icapOptions>>;

/** Options of a rule once the defaults of its type are filled in. */
export type SettledOptions = CommonOptions & {
  readonly scan_mime_parts: boolean;
  readonly scan_all_mime_parts: boolean;
  readonly symbol_type: 'normal' | 'postfilter';
  readonly dynamic_scan: boolean;
};
