export { type AddressList, parseAddressList } from './addresses.ts';
export { parseMailDate } from './date.ts';
export type { DefectKind } from './defects.ts';
export { encodeHeaderText } from './encoded-word.ts';
export { type ParseLimits, parseLimits } from './limits.ts';
export { parseMessage } from './message.ts';
export { parseReceived } from './received.ts';
