export { type HealthPolicy, stockHealthPolicy } from './pool.ts';
export { createProxy, type ProxyInit, type ProxyScanner } from './proxy.ts';
