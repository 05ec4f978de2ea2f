export { type MailServer, sendMail } from './send.ts';
