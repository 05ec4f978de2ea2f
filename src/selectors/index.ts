export { createSelectors, listExtractors, listTransforms, type SelectorsInit } from './compile.ts';
