import { contentRules } from './content.ts';
import { encodingRules } from './encoding.ts';
import { headerRules } from './headers.ts';
import { hostRules } from './hosts.ts';
import { mailerRules } from './mailers.ts';
import type { StockRule } from './rule.ts';

/** Every expression that ships, by its symbol. */
export const stockRules: Readonly<Record<string, StockRule>> = {
  ...encodingRules,
  ...headerRules,
  ...mailerRules,
  ...contentRules,
  ...hostRules,
};
