/**
 * Which way a feature may speak. What is a trick or a demand never speaks for a message, whatever old mail and invented
 * messages happen to show; what only an honest sender takes the trouble to do never speaks against it.
 */
const spamOnly =
  /^(?:link:(?:address-number|borrowed-brand|capitals|cheap-top-level|code-behind|download|hyphens|inside-of-site|international-name|long-name|many-labels|obscured|open-hosting|random-name|shortened|shows-other-host|with-address|with-port|with-recipient|with-user)(?::rare)?|picture:open-hosting|page:.*|html:(?:form|hardly-text|hidden.*|hides-more-than-it-shows|input|only-pictures-linked|password|pictures-instead-of-text|refresh|script|split-words.*|tiny-text|white-text)|subject:(?:borrowed-brand|capitals|disguised|exclaims.*|money|names-recipient.*|padded|percent|pictures|random-code|reply-without-reference|spelled-oddly)|reply:without-quote|reply-to:(?:other-domain|free-mail)|from:(?:borrowed-brand.*|capitals|free-mail|name-is-other-address|name-number|pictures|shouts)|attachment:(?:page|program)|text:(?:accents-everywhere|big-amount|capitals:4|crypto-address|invisible.*|mixed-scripts.*|names-recipient-address|styled-letters)|to:nobody|parts:(?:far-charset|html-in-base64)|says:(?:adult|advance-fee|business-pitch|coins|document|errand|job|romance|call-to-click|casino|crypto-invest|generic-greeting|loan|mailbox|parcel-fee|pharma|prize|security-alert|sextortion|support|suspended|tax-refund|urgency|verify-account)(?:[:+].*)?|subject-says:(?:adult|advance-fee|coins|document|errand|romance|call-to-click|casino|crypto-invest|loan|mailbox|pharma|prize|security-alert|sextortion|suspended|tax-refund|urgency|verify-account)|message-id:.*)$/;
const hamOnly =
  /^(?:says:(?:conversation|forum-notice|newsletter|order-notice|technical|you-asked)(?::\w+)?|subject-says:(?:conversation|forum-notice|newsletter|order-notice|technical|you-asked)|subject:(?:tagged|reply-with-reference)|reply:with-quote|text:(?:quoted-lines.*|quotes-somebody|signature)|list:.*|header:reply.*|links:own-domain|parts:signed|attachment:(?:card|text)|html:quotes|mailer:person)$/;

/** 1: its weight is never below nothing; -1: never above; 0: either. */
export function directionOf(name: string): 1 | 0 | -1 {
  if (spamOnly.test(name)) return 1;
  return hamOnly.test(name) ? -1 : 0;
}
