import { z } from 'zod';
import { type DkimOutcome, defineCheck, priorities, type SpfOutcome, type Task } from '../../core/index.ts';
import { readDkimHeader, readSpfHeader } from './results.ts';

const config = z.strictObject({
  enabled: z.boolean().default(false).describe('Switches the check on'),
});

export const httpHeaders = defineCheck({
  name: 'http_headers',
  summary: 'Takes results of SPF and DKIM from the headers of the scan request.',
  details: [
    'For a proxy in front that verified a message already. Off unless `enabled = true`, and then whoever may scan is',
    'believed: open the scan port to the proxy only.',
    '',
    'The request headers `SPF` and `DKIM` hold an object in JSON or UCL with `result` and `domain`, `DKIM` one object or a',
    'list of them: `{"result": "pass", "domain": "example.com"}`. `result` is a word of RFC 8601 (`pass`, `fail`, `softfail`,',
    '`neutral`, `none`, `temperror`, `permerror`) or Rspamd’s (`allow`, `reject`, `na`, `dnsfail`, `tempfail`, `permfail`). A',
    'header that says something else is as if it were not there, and the log says so.',
    '',
    'What is told counts like a result of our own, for mail of every direction: the checks `spf` and `dkim` insert their',
    'symbols, under the names they are configured with and with the option `http header`, and ask nobody; `dmarc`, `arc`,',
    'white lists and Authentication-Results go by it. A check that is switched off inserts nothing.',
  ].join('\n'),
  group: 'policies',
  stage: 'prefilter',
  priority: priorities.high,
  direction: 'both',
  needs: [],
  config,
  symbols: {},
  create({ log }) {
    const spfOf = (task: Task, text: string): SpfOutcome | undefined => {
      const given = readSpfHeader(text);
      if (!given) return undefined;
      const { sender, helo = '', clientIp } = task.envelope;
      const domain = given.domain || (sender ? sender.domain : helo.toLowerCase());
      return {
        result: given.result,
        domain,
        identity: sender ? 'mailfrom' : 'helo',
        sender: sender ? sender.text : `postmaster@${domain}`,
        clientIp,
        isFromRequest: true,
      };
    };
    const dkimOf = (text: string): readonly DkimOutcome[] | undefined =>
      readDkimHeader(text)?.map(({ result, domain }) => ({
        result,
        domain,
        selector: '',
        isFromRequest: true,
      }));

    return {
      name: 'HTTP_HEADERS_CHECK',
      run(task) {
        const { request } = task.envelope;
        const spf = request.get('spf');
        if (spf !== undefined) {
          const outcome = spfOf(task, spf);
          if (outcome) task.authentication.spf = outcome;
          else log.warn('a request header says no result', { header: 'SPF', task: task.id });
        }
        const dkim = request.get('dkim');
        if (dkim !== undefined) {
          const outcomes = dkimOf(dkim);
          if (outcomes) task.authentication.dkim = outcomes;
          else log.warn('a request header says no result', { header: 'DKIM', task: task.id });
        }
      },
    };
  },
});
