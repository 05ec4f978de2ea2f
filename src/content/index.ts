export { domainInfo } from './domain.ts';
export { type ContentLimits, contentLimits } from './limits.ts';
export { contentViews } from './views.ts';
