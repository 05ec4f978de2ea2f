export { parseAddressList } from './addresses.ts';
export { parseMailDate } from './date.ts';
export { isValidAddress, sameAddress } from './mailbox.ts';
export { parseMessage } from './message.ts';
