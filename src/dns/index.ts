export { createResolver } from './resolver.ts';
