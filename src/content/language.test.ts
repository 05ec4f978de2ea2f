import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { languageOf } from './language.ts';

test('languages are told by script and small words', () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ['Thank you for your order, we will send it to you on Monday.', 'en'],
    ['Vielen Dank für Ihre Bestellung, wir schicken sie Ihnen am Montag mit der Post.', 'de'],
    ['Merci pour votre commande, nous vous l’envoyons lundi par la poste.', 'fr'],
    ['Gracias por su pedido, se lo enviamos el lunes con los otros.', 'es'],
    ['Grazie per il suo ordine, lo spediamo con gli altri della settimana.', 'it'],
    ['Obrigado pela sua compra, você recebe os produtos na segunda com uma nota.', 'pt'],
    ['Bedankt voor uw bestelling, wij sturen het op maandag naar u toe met de post.', 'nl'],
    ['Tack för din beställning, vi skickar den till dig på måndag och du kan följa den.', 'sv'],
    ['Dziękujemy za zamówienie, wyślemy je do Państwa w poniedziałek i na pewno się uda.', 'pl'],
    ['Спасибо за ваш заказ, мы отправим его в понедельник и это все для вас.', 'ru'],
    ['Дякуємо за ваше замовлення, ми надішлемо його в понеділок і це все для вас.', 'uk'],
    ['ご注文ありがとうございます。月曜日に発送いたします。', 'ja'],
    ['感谢您的订单，我们将在星期一发货。', 'zh'],
    ['주문해 주셔서 감사합니다. 월요일에 발송합니다.', 'ko'],
    ['شكرا لطلبكم', 'ar'],
    ['از سفارش شما سپاسگزاریم و پیگیری چاپ', 'fa'],
    ['תודה על ההזמנה', 'he'],
    ['Ευχαριστούμε για την παραγγελία', 'el'],
    ['ขอบคุณสำหรับการสั่งซื้อ', 'th'],
    ['Hello.', undefined],
    ['', undefined],
    ['0x3f 0x4a 17 -- { } ;', undefined],
  ];
  for (const [text, language] of table) assert.equal(languageOf(text), language, text);
});

test('any text has a language or none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const language = languageOf(text);
      assert.ok(language === undefined || /^[a-z]{2}$/.test(language));
    }),
    { numRuns: 300 },
  );
});
