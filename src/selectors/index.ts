export { createSelectors, listExtractors, listTransforms } from './compile.ts';
