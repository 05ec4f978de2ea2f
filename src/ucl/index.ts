export { emitUcl } from './emit.ts';
export type { UclFiles } from './macros.ts';
export { parseUcl, readUcl, type UclDocument } from './parse.ts';
export { parseNumber } from './scalar.ts';
export type { TemplateGlobals } from './templates/index.ts';
export {
  nodesAt,
  plainEntry,
  setOwn,
  toPlain,
  type UclEntry,
  type UclNode,
  type UclObject,
} from './value.ts';
