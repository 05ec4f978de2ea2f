/**
 * Phrases by what they ask for or threaten with, in English, German, French, Spanish, Portuguese, Italian and Dutch;
 * written for this project. Lower case without diacritics, a phrase each, separated by ``. `verif*` is any word that
 * begins so, `_` up to two words whatever they are.
 */
export const askingPhrases = {
  'verify-account': `
    verif* _ account; confirm _ account; validat* _ account; verif* _ identity; confirm _ identity; verif* _ information;
    confirm _ information; confirm _ details; update _ details; update _ account; update _ information; updat* _ profile;
    verif* _ email; validat* _ email; confirm _ ownership; reactivat* _ account; restor* _ access; unlock _ account;
    review _ account; re verify; complete _ verification; verification required; identity verification; kyc verification;
    konto _ bestatig*; konto verif*; konto _ aktualisier*; daten _ bestatig*; daten _ aktualisier*; identitat _ bestatig*;
    daten _ uberpruf*; angaben _ bestatig*; bestatigen sie _ konto; bestatigen sie _ daten; verifizier* _ konto;
    verifizier*; reaktivier*; freischalt*; entsperr*; legitimier*; photo tan; phototan; push tan; pushtan; tan verfahren;
    verifi* _ compte; confirm* _ compte; confirm* _ identite; mettre a jour _ compte; mise a jour _ compte; confirm* vos;
    mettez a jour; verifi* vos; actualis* vos; reactiv* _ compte; debloqu* _ compte; regularis* _ situation; certicode;
    verifi* su cuenta; verifi* tu cuenta; confirm* su; actualic* su; actualiz* su; actualiz* sus; verifique su; verifica tu;
    confirm* sus datos; confirma tu; reactiv* _ cuenta; restablec* _ acceso; validar _ cuenta; desbloque* _ cuenta;
    verifi* sua conta; confirm* sua; confirm* seus dados; atualiz* seus dados; atualiz* sua; atualiz* seu; validar _ conta;
    recadastr*; reativ* _ conta; desbloque* _ conta; regulariz*; atualizacao cadastral; atualizacao de dados; sincroniz*;
    verifich* _ account; verific* _ conto; conferm* _ identita; aggiorn* _ dati; aggiorn* _ account; conferm* i tuoi;
    conferm* i suoi; riattiv*; sblocc*; convalid*; verifica i tuoi; aggiornamento _ dati;
    verifieer* _ account; bevestig* _ gegevens; bevestig* _ account; bevestig* uw; controleer* uw; werk _ gegevens bij;
    heractiveer*; identiteit _ bevestig*; gegevens bij te werken; bankpas _ vernieuw*;
    potwierdz* _ dane; potwierdz* _ konto; zaktualizuj*; zweryfikuj*; hesabinizi dogrula*; bilgilerinizi guncelle*; bekrafta _ konto; uppdatera _ uppgifter`,
  suspended: `
    account _ suspended; account _ locked; account _ limited; account _ blocked; account _ restricted; account _ disabled;
    account _ deactivat*; account _ hold; will be suspended; has been suspended; will be deactivated; temporarily suspended;
    temporarily locked; limited access; access _ restricted; service interruption; suspension of; will be terminated;
    will be closed; permanently delet*; will be deleted; subscription _ expired; membership _ expired; has expired;
    is about to expire; expires today; domain _ expir*; will be disconnected; account closure; deactivation;
    konto _ gesperrt; konto _ eingeschrankt; vorubergehend gesperrt; wird gesperrt; wurde gesperrt; gesperrt; deaktiviert;
    eingeschrankt; zugang _ gesperrt; lauft ab; abgelaufen; geloscht werden; kontosperrung; sperrung; eingefroren;
    compte _ suspendu; compte _ bloque; compte _ limite; compte _ restreint; sera suspendu; a ete suspendu; suspension;
    sera bloque; sera desactive; sera supprime; expire bientot; a expire; desactivation; temporairement bloque;
    cuenta _ suspendida; cuenta _ bloqueada; ha sido bloqueada; ha sido suspendid*; sera bloquead*; sera suspendid*;
    sera eliminad*; suspendid*; inhabilitad*; ha caducado; ha vencido; caducid*; bloqueo de; limitad* temporalmente;
    conta _ suspensa; conta _ bloqueada; sera bloquead*; sera suspens*; foi bloquead*; foi suspens*; sera cancelad*;
    bloqueio; suspensao; vencid*; expirad*; expirou; expira hoje; expiram hoje; vencem hoje; sera excluid*; sera desativad*;
    account _ sospeso; account _ bloccato; conto _ bloccato; e stato sospeso; e stato bloccato; verra sospeso; sospension*;
    verra disattivat*; scadut*; in scadenza; sara bloccat*; sara sospes*; verra bloccat*; limitazion*;
    geblokkeerd; opgeschort; wordt geblokkeerd; verlopen; verloopt; beperkt; wordt verwijderd; geschorst; gedeactiveerd;
    zostalo zablokowane; zablokowan*; askiya alin*; bloke edil*; kapatilacak; sparrat; avstangt; avslutas om`,
  urgency: `
    immediately; urgent*; act now; within 24 hours; within 48 hours; within 12 hours; within 72 hours; as soon as possible;
    final notice; last notice; final warning; final reminder; last warning; last chance; immediate action; action required;
    attention required; response needed; respond immediately; failure to; before it is too late; hurry; expires soon; today only;
    don t miss; do not ignore; time is running out; immediate attention; 24 hours; 48 hours; limited time; only today; ends today;
    sofort*; umgehend; dringend*; innerhalb von 24; innerhalb von 48; letzte mahnung; letzte warnung; letzte erinnerung; letzte chance;
    handlung erforderlich; unverzuglich; nur heute; nur noch heute; 24 stunden; 48 stunden; schnellstmoglich; handeln sie jetzt; binnen;
    immediatement; urgent; sous 24; sous 48; dernier avis; dernier rappel; derniere chance; action requise; au plus vite; delai de 24;
    dans les plus brefs; des maintenant; 24 heures; 48 heures; sans delai; rappel important;
    inmediat*; urgente; ultimo aviso; accion requerida; ultima oportunidad; cuanto antes; 24 horas; 48 horas; evite; de inmediato;
    imediat*; urgente; ultima chance; ultimo aviso; acao necessaria; prazo; o mais rapido; somente hoje; so hoje; ate hoje; ainda hoje;
    corra; nao perca; aproveite; aviso importante; ultimas horas; ultimo dia; pendente; pendencia;
    subito; immediatament*; ultimo avviso; azione richiesta; entro 24; entro 48; 24 ore; 48 ore; solo oggi; non perdere; affrett*;
    onmiddellijk; dringend; laatste waarschuwing; laatste herinnering; actie vereist; binnen 24; binnen 48; direct actie; 24 uur; 48 uur;
    w ciagu _ godzin; natychmiast; pilne; 24 saat; hemen; acil; omedelbart; inom _ timmar`,
  'security-alert': `
    unusual sign; unusual activity; unusual login; suspicious activity; suspicious login; suspicious sign; unauthori* _ access; unauthori* _ transaction;
    unrecogni* _ device; new sign in; new login; security alert; security warning; security notice; someone _ password; login attempt*;
    sign in attempt*; fraudulent activity; security update; security team; security department; irregular activity; has been compromised;
    virus* _ detected; device _ infected; your device; antivirus; threat* detected; malware;
    ungewohnliche aktivitat*; verdachtige aktivitat*; ungewohnliche anmeldung; neue anmeldung; sicherheitswarnung; sicherheitshinweis; unbefugt*;
    sicherheitsupdate; sicherheitsverfahren; sicherheitssystem; sicherheitsgrunden; fremdzugriff; neue sicherheitsrichtlinie*; psd2; zwei faktor;
    activite inhabituelle; activite suspecte; connexion inhabituelle; connexion suspecte; alerte de securite; nouvelle connexion; frauduleu*;
    systeme de securite; mesure de securite; raisons de securite; nouvel appareil;
    actividad inusual; actividad sospechosa; inicio de sesion; acceso no autorizado; alerta de seguridad; nuevo dispositivo; fraudulent*;
    motivos de seguridad; medidas de seguridad; sistema de seguridad;
    atividade suspeita; atividade incomum; acesso nao autorizado; alerta de seguranca; novo dispositivo; modulo de seguranca; dispositivo de seguranca;
    medida de seguranca; motivos de seguranca; compra nao reconhecida; tentativa de acesso; itoken; token de seguranca;
    attivita insolita; attivita sospetta; accesso sospetto; accesso anomalo; avviso di sicurezza; nuovo dispositivo; sistema di sicurezza; motivi di sicurezza;
    verdachte activiteit; ongebruikelijke activiteit; ongebruikelijke inlog*; beveiligingswaarschuwing; nieuw apparaat; veiligheidsredenen`,
  password: `
    password; passwort; kennwort; mot de passe; contrasena; clave; senha; wachtwoord; passcode; login; log in; sign in; anmelden; einloggen;
    identifiant*; connectez vous; iniciar sesion; acceder; acesse; accedi; inloggen; credential*; zugangsdaten; pin code; otp; one time code;
    benutzername; username; user id; utente; usuario`,
  'call-to-click': `
    click here; click below; click _ link; click _ button; click to; follow _ link; press here; tap here; see more; get started; claim now;
    get it now; view document; open document; review document; view message; view file; download now; start now; sign up now; order now; buy now; shop now;
    klicken sie; hier klicken; klick* hier; jetzt klicken; zum link; uber den link; jetzt sichern; jetzt anmelden; hier gehts;
    jetzt bestatigen; jetzt teilnehmen; jetzt starten; jetzt kaufen; jetzt bestellen; mehr erfahren; hier entlang; zur teilnahme; jetzt einlosen;
    cliquez ici; cliquez sur; cliquant; cliquer; je profite; je decouvre; j en profite; en savoir plus; acceder a; commencer maintenant; je participe;
    haga clic; haz clic; pulse aqui; pinche; clic aqui; hacer clic; siguiente enlace; ver mas; acceda aqui; ingrese aqui; comprar ahora;
    clique aqui; clique no; clicar; clicando; clique abaixo; acesse aqui; acesse o link; link abaixo; saiba mais; botao abaixo; ver mais; quero; garantir;
    comprar agora; resgat*; baixar; visualizar; imprimir;
    clicca qui; clicca; cliccando; cliccare; fai clic; scopri; inizia ora; link seguente; partecipa; acquista ora;
    klik hier; klik op; klikken; onderstaande link; via de link; volgende link; meer weten; bestel nu; ontdek`,
  mailbox: `
    mailbox _ full; mailbox quota; storage _ full; storage limit; quota; mailbox; out of storage; email storage; cloud storage; icloud storage; webmail;
    incoming messages; pending messages; undelivered messages; held messages; messages _ held; email administrator; mail administrator; it helpdesk;
    help desk; email upgrade; upgrade your email; mail server upgrade; email version; email account; email service; quarantin* _ messages; server error;
    keep same password; keep current password; keep my password; retain password; voicemail; voice message; fax message; shared _ file; shared _ document;
    postfach; speicherplatz; speicher voll; nachrichten _ zuruckgehalten; cloud speicher; speicher _ fast voll;
    boite aux lettres; boite de reception; espace de stockage; messagerie; quota de; message vocal; stockage;
    buzon; espacio de almacenamiento; almacenamiento; correo _ lleno; mensajes pendientes;
    caixa postal; caixa de correio; armazenamento; cota; caixa de entrada; mensagens pendentes; seu email; espaco em disco;
    casella; spazio di archiviazione; archiviazione; messaggi in sospeso; casella di posta;
    postbus; opslag; opslagruimte; berichten in behandeling; mailbox vol`,
  'parcel-fee': `
    parcel; delivery fee; shipping fee; customs fee; customs duty; redeliver*; reschedul* _ delivery; delivery attempt; failed delivery;
    unable to deliver; could not be delivered; awaiting delivery; pending delivery; held at; courier; undeliverable package; delivery suspended;
    paket; sendung; zollgebuhr*; versandgebuhr*; lieferung; zustellung; zustellversuch; nicht zugestellt; zoll; paketzustellung; versandkosten bezahlen;
    colis; frais de livraison; frais de douane; livraison; livre; votre colis; en attente de livraison; frais d expedition; point relais; douane*;
    paquete; envio; gastos de envio; aduana*; entrega; tasas de aduana; no se pudo entregar; intento de entrega;
    pacote; encomenda; taxa de entrega; taxa alfandegaria; alfandeg*; correios; rastre*; tentativa de entrega; objeto postal; retido; retida; taxacao;
    pacco; spedizione; consegna; spese di spedizione; dogana; doganal*; tentativo di consegna; in giacenza;
    pakket; bezorg*; verzendkosten; douane; zending; invoerrechten; niet bezorgd;
    your package; your parcel; paczka; przesylk*; doplat*; kargo*; ditt paket; paketet`,
  'update-payment': `
    payment _ failed; payment _ declined; payment method; billing information; billing details; payment information; update _ payment; payment _ problem; card _ expired;
    credit card; debit card; card number; card details; bank account; bank details; wire transfer; account number; unpaid; outstanding balance; overdue; past due;
    renew* _ subscription; auto renew*; will be charged; has been charged; charged; billing; invoice; payment advice; remittance; payment confirmation; swift;
    zahlungsmethode; zahlung _ fehlgeschlagen; zahlungsdaten; zahlungsinformation*; kreditkarte; bankverbindung; rechnung; offene forderung; mahnung; uberweisung;
    abbuchung; abgebucht; lastschrift; zahlung; inkasso; offener betrag;
    moyen de paiement; paiement _ refuse; paiement _ echoue; informations de paiement; carte bancaire; carte de credit; virement; prelevement; facture; impaye*; abonnement; carte vitale;
    metodo de pago; pago _ rechazado; tarjeta; datos bancarios; transferencia; factura; cobro; suscripcion; pago pendiente; adeudo; deuda;
    forma de pagamento; pagamento _ recusado; cartao de credito; cartao; dados bancarios; transferencia; boleto; fatura; cobranca; assinatura; debito; divida*; parcela*; pix; nota fiscal; nfe;
    protesto; serasa; spc; negativad*; em atraso; em aberto;
    metodo di pagamento; pagamento _ rifiutato; carta di credito; dati bancari; bonifico; fattura; addebito; abbonamento; iban;
    betaalmethode; betaling _ mislukt; creditcard; bankrekening; factuur; incasso; abonnement; openstaande; betaalgegevens`,
} as const;
