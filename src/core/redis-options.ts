import { z } from 'zod';

const text = z.union([z.string(), z.number()]).transform(String);
const serverList = z
  .union([z.string(), z.array(z.string())])
  .describe('`host`, `host:port`, `host:port:weight` or `/unix/path`; several with commas or as a list');
const seconds = z.number().nonnegative();

/** Keys of a `redis { … }` block (config-format 6). Spread it into `z.strictObject`. */
export const redisOptions = {
  servers: serverList.optional(),
  read_servers: serverList.optional().describe('Servers for reading; default: `servers`'),
  write_servers: serverList.optional().describe('Servers for writing; default: `servers`'),
  db: text.optional().describe('Number of the database'),
  dbname: text.optional().describe('Older name of `db`'),
  username: text.optional().describe('ACL user'),
  password: text.optional(),
  timeout: seconds.optional().describe('Seconds for one command; default 1'),
  prefix: z.string().optional().describe('Put before every key'),
  expand_keys: z.boolean().optional().describe('Only `false`: variables inside keys are not supported'),
  ssl: z.boolean().optional().describe('Connect with TLS'),
  no_ssl_verify: z.boolean().optional().describe("Accept any certificate of the server's"),
  ssl_ca: z
    .string()
    .optional()
    .describe("File with the authority that signed the server's certificate; default: the system's. Ours"),
  sni: z.string().optional().describe('Server name for TLS'),
  sentinels: serverList.optional().describe('Sentinels that know the current master'),
  sentinel_watch_time: seconds
    .optional()
    .describe('Seconds after which the master is asked whether it still is one; default 60'),
  sentinel_masters_pattern: z
    .string()
    .optional()
    .describe('Lua pattern for the name of the master; default: any'),
  sentinel_username: text.optional(),
  sentinel_password: text.optional(),
  cluster: z.boolean().optional().describe('The servers form a Redis Cluster'),
  redis_version: text.optional().describe('Below 6: no user is named, only the password'),
} as const;

const { prefix: _prefix, timeout: _timeout, redis_version: _version, ...inlineRedisOptions } = redisOptions;

/**
 * What a check that uses the store adds to its schema, so that `redis { … }` or inline `servers` and the other
 * connection keys may stand in its section: `z.strictObject({ ...moduleRedisOptions, … })`. `prefix` and `timeout`
 * are not among the inline ones: many modules have options of these names.
 */
export const moduleRedisOptions = {
  redis: z
    .strictObject(redisOptions)
    .optional()
    .describe('Own Redis for this module instead of the common one'),
  ...inlineRedisOptions,
} as const;
