import { ProtocolError } from '../../core/index.ts';
import { Action, newestVersion, Stage, Step } from './protocol.ts';

/** What both sides agreed on. */
export interface Agreement {
  readonly version: number;
  /** Bits of {@link Action}. */
  readonly actions: number;
  /** Bits of {@link Step}. */
  readonly steps: number;
}

const wantedActions = Object.values(Action).reduce((all, bit) => all | bit, 0);

/**
 * Every "no reply" bit: one answer a message is enough. Never "send rejected recipients" (0x800), since nothing is
 * delivered to them.
 */
const wantedSteps = Object.values(Step).reduce((all, bit) => all | bit, 0);

/** Macros asked for by stage. Sendmail sends few of them unless asked (wire-protocols 3.4, 3.5). */
const macroLists: readonly (readonly [stage: number, macros: string])[] = [
  [Stage.connect, 'j _ v {daemon_name} {daemon_addr} {client_addr} {client_port} {client_name} {client_ptr}'],
  [Stage.helo, '{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}'],
  [Stage.mail, 'i {auth_type} {auth_authen} {auth_ssf} {auth_author} {mail_addr} {mail_host} {mail_mailer}'],
  [Stage.recipient, 'i {rcpt_addr} {rcpt_host} {rcpt_mailer}'],
  [Stage.data, 'i'],
  [Stage.endOfBody, 'i {msg_id}'],
  [Stage.endOfHeaders, 'i'],
];

/**
 * Chooses from what the MTA offered: never a version, action or step that it did not name, since Postfix takes
 * foreign actions for an error and Sendmail foreign steps too (wire-protocols 3.4).
 *
 * @param withhold steps not to ask for although offered
 * @throws ProtocolError when the offer is cut or its version is below 2
 */
export function negotiate(offer: Buffer, withhold = 0): Agreement {
  if (offer.length < 12) throw new ProtocolError(`milter offer of ${offer.length} bytes`);
  const version = offer.readUInt32BE(0);
  if (version < 2) throw new ProtocolError(`milter protocol version ${version} is not spoken here`);
  return {
    version: Math.min(version, newestVersion),
    actions: (offer.readUInt32BE(4) & wantedActions) >>> 0,
    steps: (offer.readUInt32BE(8) & wantedSteps & ~withhold) >>> 0,
  };
}

/** Payload of the answer to an offer, with the macro lists if the MTA takes them. */
export function negotiationAnswer({ version, actions, steps }: Agreement): Buffer {
  const lists = actions & Action.setMacroLists ? macroLists : [];
  const size = lists.reduce((sum, [, macros]) => sum + 5 + macros.length, 12);
  const answer = Buffer.alloc(size);
  answer.writeUInt32BE(version, 0);
  answer.writeUInt32BE(actions, 4);
  answer.writeUInt32BE(steps, 8);
  let at = 12;
  for (const [stage, macros] of lists) {
    at = answer.writeUInt32BE(stage, at);
    at += answer.write(macros, at, 'latin1') + 1;
  }
  return answer;
}
