export { type Rendered, renderTemplate } from './render.ts';
export type { TemplateGlobals, TemplateValue } from './values.ts';
