import type { DkimOutcome, SpfResult } from '../../core/index.ts';
import { fieldSource } from '../fields.ts';
import type { RuleMessage } from '../message.ts';
import { senderAddresses } from './freemail.ts';
import type { Asked, EvalFunction, EvalTest } from './make.ts';

const fromAddress = fieldSource('From:addr');

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

function asking(asks: readonly Asked[], test: EvalTest): EvalFunction {
  return { make: () => test, asks };
}

function spf(result: SpfResult): EvalFunction {
  return asking(['spf'], ({ task }) => {
    const { spf: outcome } = task.authentication;
    return outcome?.identity === 'mailfrom' && outcome.result === result;
  });
}

function dkim(test: (signatures: readonly DkimOutcome[], message: RuleMessage) => boolean): EvalFunction {
  return asking(['dkim'], (message) => test(message.task.authentication.dkim ?? [], message));
}

/** A valid signature of this domain, or of one above it. */
function isSignedBy(signatures: readonly DkimOutcome[], domain: string): boolean {
  return (
    domain !== '' && signatures.some(({ result, domain: signer }) => result === 'pass' && signer === domain)
  );
}

/** Senders of the list for whom SPF or a signature of their domain stands. */
function proven(list: string, by: 'spf' | 'dkim'): EvalFunction {
  return {
    asks: [by],
    make: ({ lists }) => {
      return (message) => {
        const { authentication } = message.task;
        const isProven =
          by === 'spf'
            ? (address: string): boolean =>
                authentication.spf?.result === 'pass' && authentication.spf.sender.toLowerCase() === address
            : (address: string): boolean => isSignedBy(authentication.dkim ?? [], domainOf(address));
        return senderAddresses(message).some(
          (address) =>
            (lists.has(`${list}_auth`, address) || lists.has(`${list}_from_${by}`, address)) &&
            isProven(address),
        );
      };
    },
  };
}

function failsDmarc(policy: 'none' | 'quarantine' | 'reject'): EvalFunction {
  return asking(['dmarc'], ({ task }) => {
    const { dmarc } = task.authentication;
    return dmarc?.result === 'fail' && dmarc.policy === policy;
  });
}

export const authenticationFunctions: Readonly<Record<string, EvalFunction>> = {
  check_for_spf_pass: spf('pass'),
  check_for_spf_neutral: spf('neutral'),
  check_for_spf_none: spf('none'),
  check_for_spf_fail: spf('fail'),
  check_for_spf_softfail: spf('softfail'),
  check_for_spf_permerror: spf('permerror'),
  check_for_spf_temperror: spf('temperror'),
  check_for_spf_welcomelist_from: proven('welcomelist', 'spf'),
  check_for_spf_whitelist_from: proven('welcomelist', 'spf'),
  check_for_def_spf_welcomelist_from: proven('def_welcomelist', 'spf'),
  check_for_def_spf_whitelist_from: proven('def_welcomelist', 'spf'),
  check_dkim_signed: dkim((signatures) => signatures.length > 0),
  check_dkim_valid: dkim((signatures) => signatures.some(({ result }) => result === 'pass')),
  check_dkim_valid_author_sig: dkim((signatures, message) =>
    fromAddress.read(message).some((address) => isSignedBy(signatures, domainOf(address))),
  ),
  check_dkim_valid_envelopefrom: dkim((signatures, { envelopeFrom = '' }) =>
    isSignedBy(signatures, domainOf(envelopeFrom)),
  ),
  check_dkim_testing: dkim((signatures) => signatures.some(({ isTest }) => isTest === true)),
  check_for_dkim_welcomelist_from: proven('welcomelist', 'dkim'),
  check_for_dkim_whitelist_from: proven('welcomelist', 'dkim'),
  check_for_def_dkim_welcomelist_from: proven('def_welcomelist', 'dkim'),
  check_for_def_dkim_whitelist_from: proven('def_welcomelist', 'dkim'),
  check_arc_signed: asking(['arc'], ({ task }) => (task.authentication.arc?.result ?? 'none') !== 'none'),
  check_arc_valid: asking(['arc'], ({ task }) => task.authentication.arc?.result === 'pass'),
  check_dmarc_pass: asking(['dmarc'], ({ task }) => task.authentication.dmarc?.result === 'pass'),
  check_dmarc_reject: failsDmarc('reject'),
  check_dmarc_quarantine: failsDmarc('quarantine'),
  check_dmarc_none: failsDmarc('none'),
  check_dmarc_missing: asking(['dmarc'], ({ task }) => task.authentication.dmarc?.result === 'none'),
};
