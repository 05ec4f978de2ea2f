export { domainInfo } from './domain.ts';
export { contentLimits } from './limits.ts';
export { contentViews } from './views.ts';
