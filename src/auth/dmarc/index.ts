export { dnsName as dmarcDomain, registeredDomain as organizationalDomain } from '../signing/names.ts';
export { checkDestination, discoverPolicy, lookupPolicy, policyFor } from './discover.ts';
export { evaluateAlignment, sampledOut } from './evaluate.ts';
export type { DmarcRecord } from './record.ts';
export { type CountedRow, dayOf, type ReportKey, ReportStore } from './report-rows.ts';
export type { ReportUri } from './report-uri.ts';
export { type ReportingOptions, reportingOptions } from './reporting-options.ts';
