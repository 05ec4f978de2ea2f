export { alphabetOf, areConfusable, displayedName } from './confusables.ts';
export { type Disguise, disguiseList, findDisguised } from './disguise.ts';
export { domainInfo } from './domain.ts';
export { hiddenLinks } from './hidden-urls.ts';
export { contentLimits } from './limits.ts';
export { parseUrl } from './url.ts';
export { contentViews } from './views.ts';
export { wordsOf } from './words.ts';
