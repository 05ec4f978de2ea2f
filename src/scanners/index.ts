export { type DccOptions, dccOptions, dccType } from './dcc.ts';
export { icapType } from './icap.ts';
export {
  type CommonOptions,
  commonOptions,
  type IcapOptions,
  icapOptions,
} from './options.ts';
export { compileRules } from './rule.ts';
export {
  type Scanner,
  type ScannerFamily,
  type ScannerType,
  type ScanResult,
  threatText,
} from './scanner.ts';
export { Servers } from './servers.ts';
