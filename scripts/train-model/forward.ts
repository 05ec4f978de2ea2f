import type { Cast } from './fill.ts';
import type { Random } from './random.ts';

const forms: readonly (readonly [from: string, sent: string, to: string, subject: string])[] = [
  ['From', 'Sent', 'To', 'Subject'],
  ['Von', 'Gesendet', 'An', 'Betreff'],
  ['De', 'Envoyé', 'À', 'Objet'],
  ['De', 'Enviado', 'Para', 'Asunto'],
  ['De', 'Enviada em', 'Para', 'Assunto'],
  ['Da', 'Inviato', 'A', 'Oggetto'],
  ['Van', 'Verzonden', 'Aan', 'Onderwerp'],
];

/** The head that mail programs put above what they forward. */
export function forwardHead(cast: Cast, sender: string, subject: string, random: Random): string {
  const [from, sent, to, about] = random.pick(forms);
  const date = `${1 + random.below(28)}.${1 + random.below(12)}.${2019 + random.below(9)} ${random.below(24)}:${10 + random.below(50)}`;
  const mark = random.chance(0.4)
    ? random.pick([
        '---------- Forwarded message ---------',
        '________________________________',
        '-----Original Message-----',
      ])
    : '';
  return `${mark}\n${from}: ${sender}\n${sent}: ${date}\n${to}: ${cast.recipient}\n${about}: ${subject}\n`;
}

/** The subject of a forwarded message. */
export function forwardSubject(subject: string, random: Random): string {
  return `${random.pick(['Fw:', 'Fwd:', 'FW:', 'WG:', 'TR:', 'RV:', 'ENC:', 'I:'])} ${subject}`;
}
