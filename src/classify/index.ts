export * from './bayes/index.ts';
export { type Features, readFeatures } from './features.ts';
export { gramBuckets } from './grams.ts';
export * from './learned/index.ts';
export { ContentModel, type ModelFile, type Opinion, parseModelFile } from './model.ts';
export { readShippedModel } from './shipped.ts';
