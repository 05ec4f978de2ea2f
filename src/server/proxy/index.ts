export { createProxy, type ProxyInit, type ProxyScanner } from './proxy.ts';
