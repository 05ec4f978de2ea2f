export { type DmarcReportOptions, sendDmarcReports } from './dmarc-reports.ts';
export { Primary, type ServeOptions } from './primary.ts';
export { tryServices } from './services.ts';
export { version } from './version.ts';
export { runWorker } from './worker.ts';
