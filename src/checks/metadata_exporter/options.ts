import { z } from 'zod';
import { moduleRedisOptions } from '../../core/index.ts';

const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const port = z.int().min(1).max(65_535);
const seconds = z.number().positive().max(600);
const perBackend = (backend: string, what: string): string => `\`${backend}\`: ${what}`;

/** Options of a rule that may also stand in the section itself, for every rule that does not say otherwise. */
const inherited = {
  url: z.string().optional().describe(perBackend('http', 'address that the export is posted to')),
  mime_type: z
    .string()
    .optional()
    .describe(perBackend('http', 'Content-Type. Default `text/plain`; formatter `multipart` brings its own')),
  gzip: z.boolean().optional().describe(perBackend('http', 'compress the body')),
  keepalive: z.boolean().optional().describe(perBackend('http', 'keep connections open for the next export')),
  timeout: seconds.optional().describe('Seconds for one attempt, all together. Default 5'),
  connect_timeout: seconds.optional().describe('Seconds until the connection stands, within `timeout`'),
  ssl_timeout: seconds
    .optional()
    .describe(perBackend('http', 'seconds for the TLS handshake, within `timeout`')),
  write_timeout: seconds
    .optional()
    .describe(perBackend('http', 'seconds until the request is sent, within `timeout`')),
  read_timeout: seconds
    .optional()
    .describe(
      perBackend('http', 'seconds for the answer, within `timeout`; `send_mail`: seconds for each answer'),
    ),
  channel: z.string().optional().describe(perBackend('redis_pubsub', 'channel. May hold `${selector}`')),
  stream_key: z
    .string()
    .optional()
    .describe(perBackend('redis_stream', 'key of the stream. May hold `${selector}`')),
  max_len: z
    .int()
    .min(1)
    .optional()
    .describe(
      perBackend('redis_stream', 'older entries beyond about so many are dropped. Default: all are kept'),
    ),
  host: z.string().optional().describe(perBackend('json_raw_tcp', 'host of the receiver')),
  port: port.optional().describe(perBackend('json_raw_tcp', 'port of the receiver')),
  smtp: z.string().optional().describe(perBackend('send_mail', 'host of the mail server. Default 127.0.0.1')),
  smtp_port: port.optional().describe(perBackend('send_mail', 'its port. Default 25')),
  helo: z.string().optional().describe(perBackend('send_mail', 'name to greet with. Default `rspamd`')),
  mail_from: z
    .string()
    .optional()
    .describe(perBackend('send_mail', 'envelope sender. Default empty: nothing bounces back (RFC 3834 3.3)')),
  mail_to: list
    .optional()
    .describe(
      perBackend(
        'send_mail',
        'one or several recipients, may hold `${selector}`. Default postmaster@localhost',
      ),
    ),
  email_template: z
    .string()
    .optional()
    .describe('Formatter `email_alert`: the mail with its header; see above. Default: a short report'),
  defer: z
    .boolean()
    .optional()
    .describe('Only `false`: exports happen after the reply and cannot change it any more'),
  email_auto_encode_headers: z
    .boolean()
    .optional()
    .describe('Only `true`: header fields of alerts are always encoded (RFC 2047)'),
} as const;

export const backends = ['http', 'redis_pubsub', 'redis_stream', 'send_mail', 'json_raw_tcp'] as const;
export type Backend = (typeof backends)[number];

export const formatters = [
  'default',
  'json',
  'json_with_message',
  'email_alert',
  'msgpack',
  'multipart',
] as const;
export type Formatter = (typeof formatters)[number];

const rule = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches this rule off when false'),
  backend: z
    .enum([...backends, 'redis_list'])
    .describe('Where the export goes. `redis_list` is refused: a stream does the same and trims itself'),
  selector: z
    .enum([
      'default',
      'is_spam',
      'is_spam_authed',
      'is_reject',
      'is_reject_authed',
      'is_not_soft_reject',
      'is_outbound_spam',
    ])
    .default('default')
    .describe('Which messages are exported; `default`: all. See the table above'),
  formatter: z
    .enum([...formatters, 'structured'])
    .default('default')
    .describe('What is exported; see the table above. `structured` is refused: it would change the message'),
  ...inherited,
  user: z.string().optional().describe(perBackend('http', 'user for Basic authentication, with `password`')),
  password: z.string().optional().describe(perBackend('http', 'its password')),
  no_ssl_verify: z.boolean().optional().describe(perBackend('http', 'accept any certificate')),
  meta_headers: z
    .boolean()
    .default(false)
    .describe(perBackend('http', 'send the metadata as request headers too')),
  meta_header_prefix: z
    .string()
    .regex(/^[A-Za-z0-9-]*$/)
    .default('X-Rspamd-')
    .describe(perBackend('http', 'put before the names of `meta_headers`')),
  per_recipient: z
    .boolean()
    .default(false)
    .describe(perBackend('redis_stream', 'an entry in `KEY:recipient` for each envelope recipient')),
  email_alert_user: z
    .boolean()
    .default(false)
    .describe('Formatter `email_alert`: a copy to the login, where that is an address'),
  email_alert_sender: z
    .boolean()
    .default(false)
    .describe('Formatter `email_alert`: a copy to the envelope sender. Whoever is forged gets it'),
  email_alert_recipients: z
    .boolean()
    .default(false)
    .describe('Formatter `email_alert`: a copy to the envelope recipients'),
  retries: z
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe('Further attempts when the receiver cannot be reached, is too slow or asks for patience. Ours'),
});
export type Rule = z.output<typeof rule>;

export const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  ...moduleRedisOptions,
  ...inherited,
  rules: z
    .record(z.string().regex(/^\w[\w.-]*$/), rule)
    .default({})
    .describe('The exports, by name'),
});
export type Config = z.output<typeof config>;

type InheritedName = keyof typeof inherited | 'no_ssl_verify';
const inheritedNames = [...Object.keys(inherited), 'no_ssl_verify'] as InheritedName[];

/** The rule with what it inherits from the section. */
export function inherit(own: Rule, section: Config): Rule {
  const missing = inheritedNames.filter((name) => own[name] === undefined && section[name] !== undefined);
  return { ...own, ...Object.fromEntries(missing.map((name) => [name, section[name]])) };
}

/** Options that mean something to one kind of rule only. */
export const optionsOfBackend: Readonly<Record<Backend, readonly (keyof Rule)[]>> = {
  http: [
    'url',
    'mime_type',
    'gzip',
    'keepalive',
    'ssl_timeout',
    'write_timeout',
    'user',
    'password',
    'no_ssl_verify',
    'meta_headers',
  ],
  redis_pubsub: ['channel'],
  redis_stream: ['stream_key', 'max_len', 'per_recipient'],
  send_mail: ['smtp', 'smtp_port', 'helo', 'mail_from'],
  json_raw_tcp: ['host', 'port'],
};
