import { z } from 'zod';
import { type DkimOutcome, defineCheck, type InsertHit, type Task } from '../../core/index.ts';
import { compilePattern, type Pattern, RegexpError } from '../../lib/index.ts';

const config = z.strictObject({
  enabled: z.boolean().default(true).describe('Switches the check off when false'),
  source: z
    .unknown()
    .optional()
    .describe('Map of signing domains to an expression for their Message-IDs, or to nothing: they have none'),
  symbol_known_mid: z
    .string()
    .default('KNOWN_MID')
    .describe('Symbol of a Message-ID as the signing domain makes them'),
  symbol_known_no_mid: z
    .string()
    .default('KNOWN_NO_MID')
    .describe('Symbol of mail without Message-ID from a signing domain that makes none'),
  symbol_dkim_allow: z.string().default('R_DKIM_ALLOW').describe('Symbol without which nothing is looked at'),
});

const fixedExpression = 'the composite refers to the stock symbols; write one of your own in composites.conf';
const maxCompiled = 4096;

export const mid = defineCheck({
  name: 'mid',
  summary: 'Knows senders whose Message-IDs are malformed or missing by habit.',
  details: [
    'Signatures that verify name the domain. Where the list has an expression for it, a Message-ID that matches gives',
    '`KNOWN_MID`; where it has nothing, a message without Message-ID gives `KNOWN_NO_MID`. The composites',
    '`INVALID_MSGID_ALLOWED` and `MISSING_MID_ALLOWED` take the penalty of such mail away.',
  ].join('\n'),
  group: 'mid',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  unsupported: {
    url: 'use `source`',
    symbol_invalid_msgid: fixedExpression,
    symbol_missing_mid: fixedExpression,
    csymbol_invalid_msgid_allowed: fixedExpression,
    csymbol_missing_mid_allowed: fixedExpression,
  },
  symbols: {
    KNOWN_MID: { description: 'The Message-ID is one that this sender makes', ref: 'RFC 5322 3.6.4' },
    KNOWN_NO_MID: { description: 'This sender makes no Message-IDs', ref: 'RFC 5322 3.6.4' },
  },
  create({ config: settings, maps, log, path, rename }) {
    if (settings.source === undefined) {
      log.debug('no source: the check has nothing to do');
      return undefined;
    }
    const map = maps.open(settings.source, 'hash', {
      description: 'Message-IDs of known senders',
      path: path('source'),
    });
    const knownMid = rename('KNOWN_MID', settings.symbol_known_mid);
    const knownNoMid = rename('KNOWN_NO_MID', settings.symbol_known_no_mid);
    const compiled = new Map<string, Pattern | undefined>();
    map.onChange(() => compiled.clear());

    /** Lists come from others: an expression that cannot be used is passed over. */
    const compile = (text: string): Pattern | undefined => {
      if (compiled.has(text)) return compiled.get(text);
      let pattern: Pattern | undefined;
      try {
        pattern = compilePattern(text);
      } catch (error) {
        if (!(error instanceof RegexpError)) throw error;
        log.warn('an expression of the list cannot be used', { expression: text, error: error.message });
      }
      if (compiled.size >= maxCompiled) compiled.clear();
      compiled.set(text, pattern);
      return pattern;
    };

    /** @returns has it been decided? */
    const judge = (
      { message }: Task,
      hit: InsertHit<string>,
      { domain, selector }: DkimOutcome,
      value: string | undefined,
    ): boolean => {
      if (value === undefined) return false;
      const messageId = message.headers.first('message-id')?.value;
      const isKnown =
        value === '' ? messageId === undefined : messageId !== undefined && compile(value)?.test(messageId);
      if (isKnown) hit(value === '' ? knownNoMid : knownMid, 1, `${domain}:s=${selector}`);
      return isKnown === true;
    };

    return {
      name: 'KNOWN_MID_CALLBACK',
      after: ['DKIM_CHECK'],
      waits: map.isExternal,
      run(task, hit) {
        const signed = task.authentication.dkim?.filter(({ result }) => result === 'pass') ?? [];
        if (signed.length === 0 || !task.result.has(settings.symbol_dkim_allow)) return undefined;
        const insert = hit as InsertHit<string>;
        if (!map.isExternal) {
          for (const one of signed) if (judge(task, insert, one, map.lookup(one.domain))) return undefined;
          return undefined;
        }
        return (async () => {
          for (const one of signed)
            if (judge(task, insert, one, await map.ask(one.domain, task.signal))) return;
        })();
      },
    };
  },
});
