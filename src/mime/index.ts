export { parseAddressList } from './addresses.ts';
export { parseMailDate } from './date.ts';
export { type ParseLimits, parseLimits } from './limits.ts';
export { parseMessage } from './message.ts';
