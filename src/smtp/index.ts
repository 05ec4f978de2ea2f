export { displayName } from './display-name.ts';
export { type MailAttempt, type MailServer, sendMail } from './send.ts';
