/*
 * Keys of rule files that set SpamAssassin itself up: what they ask for is another module's business here, or nobody's,
 * and they change no rule.
 */
const settings: ReadonlySet<string> = new Set(
  `
  add_header remove_header clear_headers report unsafe_report report_charset report_contact report_hostname
  report_safe report_safe_copy_headers report_wrap_width report_template clear_report_template
  clear_unsafe_report_template unsafe-report clear-report-template clear-unsafe-report-template rewrite_header subject_tag
  required_score required_hits ok_locales ok_languages inactive_languages fold_headers
  auto_learn_threshold_nonspam auto_learn_threshold_spam auto_whitelist_factor auto_welcomelist_factor
  bayes_ignore_header bayes_ignore_from bayes_ignore_to use_bayes use_bayes_rules bayes_path bayes_auto_learn
  bayes_auto_learn_threshold_spam bayes_auto_learn_threshold_nonspam bayes_auto_learn_on_error bayes_auto_expire
  bayes_expiry_max_db_size bayes_journal_max_size bayes_learn_during_report bayes_min_ham_num bayes_min_spam_num
  bayes_token_sources bayes_stopword_languages bayes_max_token_length bayes_use_hapaxes bayes_store_module
  util_rb_tld util_rb_2tld util_rb_3tld clear_util_rb
  uridnsbl_skip_domain uridnsbl uridnssub urirhsbl urirhssub uri_dnsbl askdns dns_available dns_server
  clear_dns_servers dns_local_ports_permit dns_local_ports_avoid dns_local_ports_none dns_test_interval dns_options
  dns_block_rule dns_query_restriction clear_dns_query_restriction rbl_timeout rbl_headers skip_rbl_checks
  skip_uribl_checks
  use_razor2 razor_timeout razor_config use_dcc dcc_home dcc_timeout dcc_body_max dcc_fuz1_max dcc_fuz2_max
  dcc_rep_percent use_pyzor pyzor_max pyzor_timeout pyzor_options
  whitelist_allows_relays welcomelist_allows_relays unwhitelist_from_dkim unwelcomelist_from_dkim unwhitelist_from_spf unwelcomelist_from_spf adsp_override
  dkim_minimum_key_bits dkim_timeout spf_timeout
  originating_ip_headers clear_originating_ip_headers envelope_sender_header always_trust_envelope_sender
  url_shortener url_shortener_get url_shortener_timeout clear_url_shortener fns_ignore_headers
  fns_ignore_dkim fns_check fns_add_addrlist fns_remove_addrlist fns_extrachars
  asn_lookup asn_lookup_ipv6 use_asn txrep_factor use_txrep use_auto_whitelist use_auto_welcomelist awl_ignore_ip
  shortcircuit shortcircuit_spam_score shortcircuit_ham_score
  version_tag require_version reuse test priority lang lint_callback normalize_charset time_limit
  score_set allow_user_rules body_part_scan_size rawbody_part_scan_size parse_dkim_uris
  textcat_max_languages textcat_optimal_ngrams textcat_max_ngram_occurrences textcat_acceptable_score
  enable_compat loadplugin tryplugin geodb_module geodb_options country_db_type country_db_path
  replace_start replace_end freemail_add_describe_email freemail_max_body_emails freemail_max_body_freemails
  freemail_skip_bulk_envfrom freemail_skip_when_over_max freemail_import_welcomelist_auth
  freemail_import_def_welcomelist_auth freemail_import_whitelist_auth freemail_import_def_whitelist_auth
  phishing_openphish_feed phishing_phishtank_feed olemacro_exts olemacro_macro_exts olemacro_skip_exts
  olemacro_skip_ctypes olemacro_num_mime olemacro_num_zip olemacro_zip_depth olemacro_extended_scan
  olemacro_prefer_contentdisposition subjprefix
  `
    .trim()
    .split(/\s+/),
);

export function isSetting(key: string): boolean {
  return settings.has(key) || key.startsWith('bayes_stopword_');
}
