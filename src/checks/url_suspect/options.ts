import { z } from 'zod';

const enabled = (what: string) => z.boolean().default(true).describe(what);
const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);
const count = (fallback: number, what: string) => z.int().min(0).default(fallback).describe(what);

export const urlSuspectOptions = z.strictObject({
  process_flags: z
    .array(z.string())
    .default(['has_user', 'numeric', 'obscured', 'zw_spaces', 'no_tld', 'idn'])
    .describe('Links with one of these flags are looked at'),
  max_urls: z.int().min(1).default(10_000).describe('Links of one message that are looked at'),
  use_whitelist: z.boolean().default(false).describe('Links of `whitelist` are left alone'),
  whitelist: mapValue.optional().describe('Map of hosts or registered domains'),
  checks: z
    .strictObject({
      user_password: z
        .strictObject({
          enabled: enabled('Links with a user'),
          length_thresholds: z
            .strictObject({
              long: count(128, 'Longer users are `URL_USER_LONG`'),
              very_long: count(256, 'Longer users are `URL_USER_VERY_LONG`'),
            })
            .prefault({}),
        })
        .prefault({}),
      numeric_ip: z.strictObject({ enabled: enabled('Links to addresses') }).prefault({}),
      tld: z
        .strictObject({
          enabled: enabled('Links without public suffix, or with one of a bad name'),
          suspicious: mapValue
            .default(['.tk', '.ml', '.ga', '.cf', '.gq'])
            .describe('Map of top-level domains of a bad name, with or without dot'),
        })
        .prefault({}),
      unicode: z
        .strictObject({
          enabled: enabled('Links with characters that deceive'),
          check_validity: enabled('`URL_BAD_UNICODE`'),
          check_homograph: enabled('`URL_HOMOGRAPH_ATTACK`'),
          check_rtl_override: enabled('`URL_RTL_OVERRIDE`'),
          check_zero_width: enabled('`URL_ZERO_WIDTH_SPACES`'),
        })
        .prefault({}),
      structure: z
        .strictObject({
          enabled: enabled('Links of an odd form'),
          check_multiple_at: enabled('`URL_MULTIPLE_AT_SIGNS`'),
          max_at_signs: count(2, 'More of them are too many'),
          check_backslash: enabled('`URL_BACKSLASH_PATH`'),
          check_excessive_dots: enabled('`URL_EXCESSIVE_DOTS`'),
          max_host_dots: count(6, 'More dots in a host are too many'),
          check_length: enabled('`URL_VERY_LONG`'),
          max_url_length: count(2048, 'More characters in a link are too many'),
        })
        .prefault({}),
      query_urls: z
        .strictObject({
          enabled: enabled('Links with links in their query'),
          max_query_urls: count(1, 'More links in a query are too many'),
        })
        .prefault({}),
      obfuscated_text: z
        .strictObject({
          enabled: enabled('Links that text hides from programs'),
          max_text_length: z
            .int()
            .min(0)
            .max(4_194_304)
            .default(65_536)
            .describe('Characters of a text that are searched'),
          max_urls: z
            .int()
            .min(1)
            .max(1000)
            .default(10)
            .describe('Hidden links of one message that are told'),
        })
        .prefault({}),
    })
    .prefault({}),
});

export type UrlSuspectOptions = z.infer<typeof urlSuspectOptions>;
