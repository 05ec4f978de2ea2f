/**
 * What rule files may ask of us before they bring a rule: the plugins whose rules we know, and why we do not know the
 * others.
 */

/** `version` in conditions: rule files are written for it. */
export const speaksVersion = 4.000_001;
/** `perl_version` in conditions; expressions are Perl's of this version. */
export const perlVersion = 5.036;

const supportedPlugins: ReadonlySet<string> = new Set([
  'BodyEval',
  'Check',
  'DKIM',
  'DMARC',
  'Dmarc',
  'FreeMail',
  'FromNameSpoof',
  'HTMLEval',
  'HTTPSMismatch',
  'HeaderEval',
  'MIMEEval',
  'MIMEHeader',
  'RelayEval',
  'ReplaceTags',
  'SPF',
  'URIDetail',
  'URIEval',
  'VBounce',
  'WLBLEval',
]);

const withoutPlugin: Readonly<Record<string, string>> = {
  ASN: 'the module asn knows networks',
  AWL: 'the module known_senders knows senders',
  AntiVirus: 'the module antivirus asks scanners',
  AskDNS: 'it asks DNS; the modules rbl and reputation do',
  AutoLearnThreshold: 'the module bayes learns by itself',
  Bayes: 'the module bayes judges by words',
  DCC: 'the module dcc asks DCC',
  DNSEval: 'it asks DNS; the module rbl does',
  HashBL: 'it asks DNS; the module rbl does',
  Pyzor: 'the module external_services asks Pyzor',
  Razor2: 'the module external_services asks Razor',
  Shortcircuit: 'settings and force_actions end a scan early',
  TxRep: 'the module reputation knows senders',
  URIDNSBL: 'it asks DNS; the module rbl does',
};

function shortName(name: string): string {
  return name.replace(/^Mail::SpamAssassin::Plugin::/, '');
}

export function hasPlugin(name: string): boolean {
  return supportedPlugins.has(shortName(name));
}

/** Why rules of a plugin are left out. */
export function whyNoPlugin(name: string): string {
  return withoutPlugin[shortName(name)] ?? 'it is not known here';
}

const features: ReadonlySet<string> = new Set([
  'feature_bug6558_free',
  'feature_registryboundaries',
  'feature_welcomelist_blocklist',
  'compat_welcomelist_blocklist',
  'feature_yesno_takes_args',
  'perl_min_version_5010000',
]);

const abilities: ReadonlySet<string> = new Set([
  'BodyEval::has_check_body_length',
  'BodyEval::has_plaintext_body_sig_ratio',
  'DKIM::has_arc',
  'DMARC::has_check_dmarc',
  'MIMEEval::has_check_abundant_unicode_ratio',
  'MIMEEval::has_check_for_ascii_text_illegal',
  'MIMEEval::has_check_qp_ratio',
  'SPF::has_check_for_spf_errors',
  'URIDetail::has_host_key',
]);

/** `can(Mail::SpamAssassin::Conf::…)`, `can(Mail::SpamAssassin::Plugin::…)`. */
export function hasFeature(name: string): boolean {
  const conf = /^Mail::SpamAssassin::Conf::(\w+)$/.exec(name);
  if (conf) return features.has(conf[1]!);
  const short = shortName(name);
  if (abilities.has(short)) return true;
  const [plugin, ability] = short.split('::');
  // A function of a plugin rather than a mark of a newer version: known when the plugin is.
  return plugin !== undefined && ability !== undefined && !ability.startsWith('has_') && hasPlugin(plugin);
}
