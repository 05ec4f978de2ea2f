import { type MapHandle, PosternError } from '../core/index.ts';
import type { Learn, LearnRequest } from '../server/spamc/index.ts';
import type { Services } from './services.ts';

/** Networks that may teach, by configuration: those that the controller trusts (`secure_ip`). */
const trustedBy = new WeakMap<Services, MapHandle>();

function trustedNetworks(services: Services): MapHandle {
  const known = trustedBy.get(services);
  if (known) return known;
  const trusted = services.maps.open(services.configuration.controller.secureIp, 'radix', {
    description: 'addresses the controller trusts',
    path: ['worker', 'controller', 'secure_ip'],
  });
  trustedBy.set(services, trusted);
  return trusted;
}

/** Whom the controller lets in without a password; the protocol of spamd knows none. */
function isTrusted(services: Services, { envelope: { scannerClientIp } }: LearnRequest): boolean {
  return scannerClientIp === undefined || trustedNetworks(services).lookup(scannerClientIp) !== undefined;
}

/**
 * What TELL of the spamd protocol does: teaches the classifier, or takes back what it learned. Services for reports are
 * not told.
 *
 * @param services those of the newest configuration
 */
export function createTell(services: () => Services): Learn {
  return async (request) => {
    const current = services();
    const { engine } = current;
    const { learning } = engine.plan.services;
    if (!learning) throw new PosternError('notFound', 'no classifier is configured');
    if (!isTrusted(current, request))
      throw new PosternError('forbidden', 'only addresses of secure_ip may teach the classifier');
    const { envelope, raw, messageClass, set, remove } = request;
    const isSet = set.includes('local');
    if (!isSet && !remove.includes('local')) return { didSet: [], didRemove: [] };
    const task = engine.taskFor({ envelope, raw, signal: request.signal });
    const { kind } = await learning.learn(task, isSet ? messageClass : undefined, 'careful');
    return {
      didSet: kind === 'learned' || kind === 'moved' ? ['local'] : [],
      didRemove: kind === 'forgotten' ? ['local'] : [],
    };
  };
}
