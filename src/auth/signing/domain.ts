import type { Task } from '../../core/index.ts';
import type { NotSigned, SigningReason } from './eligibility.ts';
import { dnsName, registeredDomain } from './names.ts';
import type { SigningConfig } from './options.ts';

function loginDomain(login: string | undefined): string {
  const at = login?.lastIndexOf('@') ?? -1;
  return at < 0 ? '' : (dnsName(login!.slice(at + 1)) ?? '');
}

function nameOf(domain: string | undefined): string {
  return domain === undefined ? '' : (dnsName(domain) ?? '');
}

/** Domain of the first address in From, `''` without one. */
export function headerDomain(task: Task): string {
  return nameOf(task.message.from[0]?.domain);
}

function choose(wanted: string, header: string, envelope: string, task: Task): string {
  switch (wanted) {
    case 'header':
      return header;
    case 'envelope':
      return envelope;
    case 'auth':
      return loginDomain(task.envelope.login);
    case 'recipient':
      return nameOf(task.envelope.recipients[0]?.domain);
    default:
      return nameOf(wanted);
  }
}

function wantedDomain(config: SigningConfig, reason: SigningReason, task: Task): string {
  if (reason === 'network' && config.use_domain_sign_networks !== undefined)
    return config.use_domain_sign_networks;
  // Also for mail that is signed for its login.
  if (task.direction.isLocal && config.use_domain_sign_local !== undefined)
    return config.use_domain_sign_local;
  if (!task.direction.isOutbound && config.use_domain_sign_inbound !== undefined)
    return config.use_domain_sign_inbound;
  return config.use_domain;
}

/** What has to hold of the senders before any domain is chosen. */
export function checkSenders(task: Task, config: SigningConfig): NotSigned | undefined {
  const { sender } = task.originalEnvelope;
  if (!sender?.text && !config.allow_envfrom_empty) return { refused: 'empty envelope sender' };
  const { from } = task.message;
  if (from.length > 1 && !config.allow_hdrfrom_multiple) return { refused: 'several addresses in From' };
  return undefined;
}

/** The domain to sign with, after every test for a mismatch (addenda, Signing). */
export function findDomain(
  task: Task,
  config: SigningConfig,
  reason: SigningReason,
): { readonly domain: string } | NotSigned {
  let header = headerDomain(task);
  let envelope = nameOf(task.originalEnvelope.sender?.domain);
  let domain = choose(wantedDomain(config, reason, task), header, envelope, task);
  if (domain === '') return { refused: 'no domain to sign with' };
  if (config.use_esld) {
    domain = registeredDomain(domain);
    header = registeredDomain(header);
    envelope = registeredDomain(envelope);
  }
  const allowsMismatch =
    config.allow_hdrfrom_mismatch ||
    (config.allow_hdrfrom_mismatch_local && task.direction.isLocal) ||
    (config.allow_hdrfrom_mismatch_sign_networks && reason === 'network');
  if (!allowsMismatch && envelope !== '' && header !== '' && header !== envelope) {
    return { refused: 'header From and envelope sender have different domains' };
  }
  if (task.envelope.login !== undefined && !config.allow_username_mismatch) {
    const login = loginDomain(task.envelope.login);
    if (login === '') return { refused: 'the login has no domain' };
    if ((config.use_esld ? registeredDomain(login) : login) !== domain) {
      return { refused: 'the login is not of the signing domain' };
    }
  }
  return { domain };
}
