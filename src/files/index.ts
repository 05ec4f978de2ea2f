export { readImage } from './image.ts';
export { fileViews } from './views.ts';
