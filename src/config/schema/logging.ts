import { z } from 'zod';
import type { LoggingConfig } from '../../core/index.ts';
import type { SectionSpec } from '../section.ts';
import { texts } from './values.ts';

const levels = ['debug', 'info', 'notice', 'warning', 'error', 'silent', 'message', 'critical'] as const;

const schema = z.strictObject({
  type: z.enum(['console', 'file', 'syslog']).default('console'),
  filename: z.string().optional().describe('File for `type = file`'),
  level: z
    .preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), z.enum(levels))
    .default('info'),
  debug_modules: texts.default([]).describe('Modules that log in detail whatever the level'),
  json: z.boolean().default(false).describe('One JSON object a line'),
});

/** `logging { … }`. */
export const loggingSpec: SectionSpec<typeof schema> = {
  schema,
  aliases: { file: 'filename', log_file: 'filename', log_json: 'json' },
  noCounterpart: [
    'color',
    'console_buffered',
    'debug_ip',
    'debug_symbols',
    'encryption_key',
    'error_elts',
    'error_maxlen',
    'facility',
    'log_buffer',
    'log_buffered',
    'log_color',
    'log_facility',
    'log_format',
    'log_format_abort',
    'log_re_cache',
    'log_severity',
    'log_silent_workers',
    'log_systemd',
    'log_urls',
    'log_usec',
    'severity',
    'systemd',
    'task_max_elts',
  ],
};

export type LoggingSection = z.output<typeof schema>;

/** `logging` as the rest of the program sees it. */
export function toLogging(section: LoggingSection): LoggingConfig {
  const level =
    section.level === 'critical' ? 'error' : section.level === 'message' ? 'notice' : section.level;
  return {
    type: section.type,
    file: section.filename,
    level,
    debugModules: section.debug_modules,
    json: section.json,
  };
}

/** The same in the words of the file (`config dump`). */
export function loggingWords(logging: LoggingConfig): LoggingSection {
  const { type, file, level, debugModules, json } = logging;
  return {
    type,
    level,
    debug_modules: [...debugModules],
    json,
    ...(file !== undefined && { filename: file }),
  };
}
