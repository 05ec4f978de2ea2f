export { type EmitOptions, emitUcl } from './emit.ts';
export type { UclFiles } from './macros.ts';
export { parseUcl, readUcl, type UclDocument, type UclOptions, type UclReading } from './parse.ts';
export { resolvePath } from './paths.ts';
export { parseNumber } from './scalar.ts';
export type { TemplateGlobals, TemplateValue } from './templates/index.ts';
export {
  nodesAt,
  plainEntry,
  setOwn,
  toPlain,
  type UclArray,
  type UclEntry,
  type UclNode,
  type UclObject,
  type UclScalar,
  type UclScalarType,
} from './value.ts';
