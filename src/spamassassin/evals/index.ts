import type { AddressLists } from '../lists.ts';
import { authenticationFunctions } from './authentication.ts';
import { bodyFunctions } from './body.ts';
import { dateFunctions } from './dates.ts';
import { freemailFunctions } from './freemail.ts';
import { headerFunctions } from './headers.ts';
import { htmlFunctions } from './html.ts';
import { listFunctions } from './lists.ts';
import { type Asked, type EvalFunction, type EvalTest, FunctionError } from './make.ts';
import { mimeFunctions } from './mime.ts';
import { relayFunctions } from './relays.ts';

export { type Asked, type EvalTest, FunctionError } from './make.ts';

const functions: Readonly<Record<string, EvalFunction>> = {
  ...authenticationFunctions,
  ...bodyFunctions,
  ...dateFunctions,
  ...freemailFunctions,
  ...headerFunctions,
  ...htmlFunctions,
  ...listFunctions,
  ...mimeFunctions,
  ...relayFunctions,
};

const network = 'asks DNS; the module rbl does';
const words = 'the module bayes judges by words';
const provider = 'knows by heart how a provider wrote its headers long ago';
const locales = 'goes by the languages of the operator, which are not configured here';

/** Why functions that rule files use are not here; others are simply not known. */
const reasons: Readonly<Record<string, string>> = {
  check_rbl: network,
  check_rbl_sub: network,
  check_rbl_txt: network,
  check_rbl_envfrom: network,
  check_rbl_from_domain: network,
  check_uridnsbl: network,
  check_dns_sender: network,
  check_hashbl_emails: network,
  check_hashbl_bodyre: network,
  check_dkim_adsp: 'ADSP is historic (RFC 5617)',
  check_bayes: words,
  check_for_forged_hotmail_received_headers: provider,
  check_for_no_hotmail_received_headers: provider,
  check_for_forged_eudoramail_received_headers: provider,
  check_for_forged_juno_received_headers: provider,
  check_for_forged_yahoo_received_headers: provider,
  check_for_forged_gmail_received_headers: provider,
  check_for_fake_aol_relay_in_rcvd: provider,
  check_for_faraway_charset: locales,
  check_for_faraway_charset_in_headers: locales,
  html_charset_faraway: locales,
};

/**
 * Builds the test of an `eval:` rule.
 *
 * @throws FunctionError for functions and arguments that are not known
 * @throws RegexpError for patterns among the arguments
 */
export function makeEval(
  name: string,
  args: readonly string[],
  lists: AddressLists,
): { readonly test: EvalTest; readonly asks: readonly Asked[] } {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found) return { test: found.make({ args, lists }), asks: found.asks ?? [] };
  const helo = /^check_for_spf_helo_/.test(name)
    ? 'SPF of the HELO name is checked for the null sender only'
    : undefined;
  throw new FunctionError(`${name} (${reasons[name] ?? helo ?? 'not known'})`);
}
