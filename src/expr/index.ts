export * from './expression.ts';
