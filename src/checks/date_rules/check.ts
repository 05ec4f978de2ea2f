import { z } from 'zod';
import { defineCheck } from '../../core/index.ts';

const maxAheadMs = 2 * 3_600_000;
const maxBehindMs = 24 * 3_600_000;

export const dateRules = defineCheck({
  name: 'date_rules',
  summary: 'Judges the Date field: missing, no date, far from now.',
  details:
    'Mail of every direction is looked at; rules of Rspamd without options of their own. More than two hours ahead of the start of the scan is the future, more than 24 hours behind it the past.',
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols: {
    MISSING_DATE: { score: 1, description: 'There is no Date' },
    INVALID_DATE: { score: 1.5, description: 'Date holds no date', ref: 'RFC 5322 3.3' },
    DATE_IN_FUTURE: { score: 4, description: 'Date is more than two hours ahead' },
    DATE_IN_PAST: { score: 1, description: 'Date is more than a day old' },
  },
  create() {
    return (task, hit) => {
      const { message, startedMs } = task;
      if (!message.headers.has('date')) {
        hit('MISSING_DATE');
        return;
      }
      const { date } = message;
      if (!date) {
        hit('INVALID_DATE');
        return;
      }
      const aheadMs = date.getTime() - startedMs;
      if (aheadMs > maxAheadMs) hit('DATE_IN_FUTURE');
      else if (-aheadMs > maxBehindMs) hit('DATE_IN_PAST');
    };
  },
});
