import { getDomain } from 'tldts';
import type { Task } from '../../core/index.ts';
import type { NotSigned, SigningReason } from './eligibility.ts';
import type { SigningConfig } from './options.ts';

/** Registered domain of a name, or the name itself where there is none. */
function registered(domain: string): string {
  return getDomain(domain) ?? domain;
}

function loginDomain(login: string | undefined): string {
  const at = login?.lastIndexOf('@') ?? -1;
  return at < 0 ? '' : login!.slice(at + 1).toLowerCase();
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
      return task.envelope.recipients[0]?.domain ?? '';
    default:
      return wanted.toLowerCase();
  }
}

function wantedDomain(config: SigningConfig, reason: SigningReason): string {
  if (reason === 'network' && config.use_domain_sign_networks !== undefined)
    return config.use_domain_sign_networks;
  if (reason === 'local' && config.use_domain_sign_local !== undefined) return config.use_domain_sign_local;
  if (reason === 'inbound' && config.use_domain_sign_inbound !== undefined)
    return config.use_domain_sign_inbound;
  return config.use_domain;
}

/** What has to hold of the senders before any domain is chosen. */
export function checkSenders(task: Task, config: SigningConfig): NotSigned | undefined {
  const { sender } = task.envelope;
  if (!sender?.domain && !config.allow_envfrom_empty) return { refused: 'empty envelope sender' };
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
  let header = task.message.from[0]?.domain ?? '';
  let envelope = task.envelope.sender?.domain ?? '';
  let domain = choose(wantedDomain(config, reason), header, envelope, task);
  if (domain === '') return { refused: 'no domain to sign with' };
  if (config.use_esld) {
    domain = registered(domain);
    header = registered(header);
    envelope = registered(envelope);
  }
  const allowsMismatch =
    config.allow_hdrfrom_mismatch ||
    (config.allow_hdrfrom_mismatch_local && task.direction.isLocal) ||
    (config.allow_hdrfrom_mismatch_sign_networks && reason === 'network');
  if (!allowsMismatch && envelope !== '' && header !== envelope) {
    return { refused: 'header From and envelope sender have different domains' };
  }
  if (task.envelope.login !== undefined && !config.allow_username_mismatch) {
    const login = loginDomain(task.envelope.login);
    if (login === '') return { refused: 'the login has no domain' };
    if ((config.use_esld ? registered(login) : login) !== domain) {
      return { refused: 'the login is not of the signing domain' };
    }
  }
  return { domain };
}
