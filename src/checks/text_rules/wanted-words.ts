import { disguiseList } from '../../content/index.ts';

/**
 * Words that are disguised to get past filters. None may look like another honest word once i and l are one, and a
 * word that differs from another language's by accents only is no disguise.
 */
const ofFraud = [
  // en
  'account password verify verified verification confirm confirmation security suspended suspension locked restricted',
  'unusual invoice payment billing banking wallet mailbox credentials expired refund winner prize urgent transfer',
  'investment guaranteed click delivery parcel unsubscribe login signin',
  // de, es, fr, it, nl, pt
  'konto passwort rechnung sicherheit zahlung bestätigen contraseña cuenta factura verificar seguridad compte facture',
  'sécurité vérifier fattura sicurezza wachtwoord rekening betaling senha fatura segurança',
  // names
  'paypal amazon microsoft netflix facebook instagram google outlook docusign dropbox fedex metamask coinbase binance',
  'blockchain whatsapp telegram linkedin walmart spotify adobe',
]
  .join(' ')
  .split(' ');

/** These nobody writes letter by letter for the look of it, either. */
const ofSpam = [
  'viagra cialis levitra xanax tramadol oxycodone valium ambien adderall erectile enlargement pharmacy steroids',
  'casino lottery jackpot bitcoin ethereum replica rolex webcam masturbating masturbation blackmail inheritance',
  'beneficiary',
]
  .join(' ')
  .split(' ');

export const wantedWords = disguiseList(ofFraud, ofSpam);
