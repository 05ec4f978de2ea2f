export { renderTemplate } from './render.ts';
export type { TemplateGlobals } from './values.ts';
