export { dnsName as dmarcDomain, registeredDomain as organizationalDomain } from '../signing/names.ts';
export { discoverPolicy, policyFor } from './discover.ts';
export { evaluateAlignment, sampledOut } from './evaluate.ts';
export type { DmarcRecord } from './record.ts';
export { dayOf, ReportStore } from './report-rows.ts';
export { reportingOptions } from './reporting-options.ts';
