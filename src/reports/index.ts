export { type ReportResult, sendReports } from './send-reports.ts';
