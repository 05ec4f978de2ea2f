export { parseAddressList } from './addresses.ts';
export { parseMailDate } from './date.ts';
export { parseMessage } from './message.ts';
