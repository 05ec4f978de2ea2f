export { type DomainInfo, domainInfo } from './domain.ts';
export { type ContentLimits, contentLimits } from './limits.ts';
export { type ParsedUrl, parseUrl, type UrlFlag } from './url.ts';
export { contentViews } from './views.ts';
