import { z } from 'zod';
import { alphabetOf, displayedName } from '../../content/index.ts';
import { defineCheck } from '../../core/index.ts';

const config = z.strictObject({
  threshold: z.number().min(0).default(0.1).describe('Greater shares of words are told'),
  symbol: z.string().min(1).default('R_MIXED_CHARSET').describe('Symbol for texts and headers'),
  url_symbol: z.string().min(1).default('R_MIXED_CHARSET_URL').describe('Symbol for hosts of links'),
  max_word_len: z.int().min(1).default(10).describe('Longer words are not looked at'),
});

/** Changes of alphabet in one word that count. */
const maxSwitches = 4;
/** Characters of one text that are looked at. */
const maxTextLength = 262_144;

const nonAscii = /[^\x00-\x7f]/;
const word = /[\p{L}\p{M}\p{N}]+/gu;

/** Changes of alphabet for each word of a text, at most 1. */
function mixedShare(text: string, maxWordLength: number): number {
  if (!nonAscii.test(text)) return 0;
  let words = 0;
  let switches = 0;
  for (const [found] of text.slice(0, maxTextLength).matchAll(word)) {
    words++;
    if (found.length <= maxWordLength && nonAscii.test(found)) switches += switchesOf(found);
  }
  return words === 0 ? 0 : Math.min(1, switches / words);
}

function switchesOf(found: string): number {
  let switches = 0;
  let alphabet = 0;
  for (let i = 0; i < found.length; i++) {
    const next = alphabetOf(found.charCodeAt(i));
    if (next === 0) continue;
    if (alphabet !== 0 && next !== alphabet) switches++;
    alphabet = next;
  }
  return Math.min(switches, maxSwitches);
}

export const chartable = defineCheck({
  name: 'chartable',
  summary: 'Finds words that mix letters of alphabets that look alike, as in names that imitate others.',
  details: [
    'Counts changes between Latin, Greek, Cyrillic, Armenian and Cherokee letters within words of each text, of subject and',
    'display names of From, and of hosts of links. The share of changes in words is the weight.',
    '',
    'Unlike Rspamd, other scripts beside Latin letters say nothing: Chinese, Japanese, Thai and Arabic text has foreign names',
    'without a blank between.',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['text'],
  config,
  symbols: {
    R_MIXED_CHARSET: { score: 5, description: 'Words mix letters of several alphabets', oneShot: true },
    R_MIXED_CHARSET_URL: {
      score: 7,
      description: 'Hosts of links mix letters of several alphabets',
      oneShot: true,
    },
  },
  create({ config: { threshold, symbol, url_symbol: urlSymbol, max_word_len: maxWordLength }, rename }) {
    const textSymbol = rename('R_MIXED_CHARSET', symbol);
    const hostSymbol = rename('R_MIXED_CHARSET_URL', urlSymbol);
    return {
      name: symbol,
      symbols: [textSymbol, hostSymbol],
      run(task, hit) {
        const { message, content } = task;
        for (const { text } of content.texts) {
          const share = mixedShare(text, maxWordLength);
          if (share > threshold) hit(textSymbol, share);
        }
        for (const [place, text] of [
          ['subject', message.subject],
          ['from', message.from.map(({ name }) => name).join(' ')],
        ] as const) {
          const share = mixedShare(text, maxWordLength);
          if (share > threshold) hit(textSymbol, share, place);
        }
        for (const { host, flags } of content.urls) {
          if (!flags.includes('idn')) continue;
          const share = mixedShare(displayedName(host), maxWordLength);
          if (share > threshold) hit(hostSymbol, share, host);
        }
      },
    };
  },
});
