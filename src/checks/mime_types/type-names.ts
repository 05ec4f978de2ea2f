/** Media types that programs give files of these names, by extension; the first one is registered or customary. */
const rows = `
  7z application/x-7z-compressed application/x-compressed
  ai application/postscript application/illustrator application/pdf
  aac audio/aac audio/x-aac audio/aacp
  apk application/vnd.android.package-archive
  asc application/pgp-signature application/pgp-encrypted application/pgp-keys text/plain
  asf video/x-ms-asf
  avi video/x-msvideo video/avi video/msvideo
  avif image/avif
  bat application/x-bat application/x-msdos-program application/x-msdownload text/plain
  bin application/macbinary
  bmp image/bmp image/x-ms-bmp image/x-bmp image/x-windows-bmp
  bz2 application/x-bzip2 application/x-bzip application/bzip2
  cab application/vnd.ms-cab-compressed application/x-cab
  cer application/pkix-cert application/x-x509-ca-cert
  chm application/vnd.ms-htmlhelp application/x-chm
  class application/java-vm application/java application/x-java
  com application/x-msdos-program application/x-msdownload application/x-dosexec
  crt application/x-x509-ca-cert application/pkix-cert
  css text/css
  csv text/csv text/plain text/comma-separated-values application/csv application/vnd.ms-excel text/x-csv
  deb application/vnd.debian.binary-package application/x-debian-package application/x-deb
  der application/x-x509-ca-cert application/pkix-cert
  djvu image/vnd.djvu image/x-djvu
  dll application/x-msdownload application/x-msdos-program
  doc application/msword application/vnd.ms-word application/x-msword application/rtf
  docm application/vnd.ms-word.document.macroenabled.12
  docx application/vnd.openxmlformats-officedocument.wordprocessingml.document application/msword
  dot application/msword
  dotx application/vnd.openxmlformats-officedocument.wordprocessingml.template
  dwg image/vnd.dwg application/acad application/x-autocad application/dwg image/x-dwg
  dxf image/vnd.dxf application/dxf
  eml message/rfc822 message/global text/plain
  eps application/postscript image/x-eps application/eps
  epub application/epub+zip
  exe application/x-msdownload application/x-dosexec application/x-msdos-program application/vnd.microsoft.portable-executable
  flac audio/flac audio/x-flac
  gif image/gif
  gz application/gzip application/x-gzip application/x-tar application/x-gunzip
  heic image/heic image/heif
  hta application/hta text/html
  ico image/vnd.microsoft.icon image/x-icon image/ico
  ics text/calendar application/ics
  iso application/x-iso9660-image application/x-cd-image
  jar application/java-archive application/x-java-archive application/x-jar
  jpe image/jpeg
  jpeg image/jpeg image/jpg image/pjpeg
  jpg image/jpeg image/jpg image/pjpeg
  js text/javascript application/javascript application/x-javascript
  json application/json text/json text/plain
  key application/vnd.apple.keynote application/x-iwork-keynote-sffkey application/pgp-keys
  lnk application/x-ms-shortcut
  log text/plain text/x-log
  m4a audio/mp4 audio/x-m4a audio/m4a
  m4v video/mp4 video/x-m4v
  mdb application/x-msaccess application/vnd.ms-access application/msaccess
  mht multipart/related message/rfc822
  mid audio/midi audio/x-midi
  mkv video/x-matroska
  mov video/quicktime
  mp3 audio/mpeg audio/mp3 audio/x-mp3 audio/mpeg3
  mp4 video/mp4 application/mp4
  mpeg video/mpeg
  mpg video/mpeg
  msg application/vnd.ms-outlook message/rfc822
  msi application/x-msi application/x-msdownload
  numbers application/vnd.apple.numbers application/x-iwork-numbers-sffnumbers
  odb application/vnd.oasis.opendocument.base application/vnd.oasis.opendocument.database
  odg application/vnd.oasis.opendocument.graphics
  odp application/vnd.oasis.opendocument.presentation
  ods application/vnd.oasis.opendocument.spreadsheet
  odt application/vnd.oasis.opendocument.text
  ogg audio/ogg application/ogg video/ogg
  otf font/otf application/x-font-otf
  p7m application/pkcs7-mime application/x-pkcs7-mime
  p7s application/pkcs7-signature application/x-pkcs7-signature
  pages application/vnd.apple.pages application/x-iwork-pages-sffpages
  pem application/x-pem-file application/x-x509-ca-cert text/plain
  pfx application/x-pkcs12
  php text/x-php application/x-httpd-php application/x-php text/plain
  pkpass application/vnd.apple.pkpass
  png image/png image/x-png
  pot application/vnd.ms-powerpoint
  pps application/vnd.ms-powerpoint
  ppsx application/vnd.openxmlformats-officedocument.presentationml.slideshow
  ppt application/vnd.ms-powerpoint application/mspowerpoint application/x-mspowerpoint
  pptm application/vnd.ms-powerpoint.presentation.macroenabled.12
  pptx application/vnd.openxmlformats-officedocument.presentationml.presentation application/vnd.ms-powerpoint
  ps application/postscript
  psd image/vnd.adobe.photoshop image/x-photoshop application/x-photoshop application/photoshop
  pub application/x-mspublisher application/vnd.ms-publisher
  py text/x-python application/x-python text/plain
  rar application/vnd.rar application/x-rar-compressed application/x-rar application/rar
  rpm application/x-rpm application/x-redhat-package-manager
  rtf application/rtf text/rtf application/msword text/richtext
  scr application/x-msdownload application/x-msdos-program
  sh application/x-sh text/x-sh application/x-shellscript text/x-shellscript text/plain
  sql application/sql text/x-sql application/x-sql text/plain
  svg image/svg+xml
  swf application/vnd.adobe.flash.movie application/x-shockwave-flash
  tar application/x-tar application/tar
  tgz application/gzip application/x-gzip application/x-compressed-tar application/x-tar application/x-tgz
  tif image/tiff image/tif image/x-tiff
  tiff image/tiff image/tif image/x-tiff
  torrent application/x-bittorrent
  ttf font/ttf application/x-font-ttf application/x-font-truetype
  vbs text/vbscript application/x-vbs text/plain
  vcf text/vcard text/x-vcard text/directory
  vcs text/x-vcalendar text/calendar
  vsd application/vnd.visio application/x-visio
  vsdx application/vnd.ms-visio.drawing application/vnd.visio
  wav audio/wav audio/x-wav audio/wave audio/vnd.wave
  webm video/webm audio/webm
  webp image/webp
  wma audio/x-ms-wma
  wmv video/x-ms-wmv
  woff font/woff application/font-woff
  woff2 font/woff2 application/font-woff2
  xls application/vnd.ms-excel application/msexcel application/x-msexcel application/x-excel application/excel application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
  xlsb application/vnd.ms-excel.sheet.binary.macroenabled.12
  xlsm application/vnd.ms-excel.sheet.macroenabled.12
  xlsx application/vnd.openxmlformats-officedocument.spreadsheetml.sheet application/vnd.ms-excel application/excel
  xlt application/vnd.ms-excel
  xml application/xml text/xml text/plain
  xps application/vnd.ms-xpsdocument application/oxps
  xsd application/xml text/xml
  xz application/x-xz
  yaml application/yaml text/yaml text/x-yaml application/x-yaml text/plain
  zip application/zip application/x-zip-compressed application/x-zip application/zip-compressed multipart/x-zip application/x-compressed
  zst application/zstd application/x-zstd
`;

/** Media types that fit a file name, by its extension. */
export const knownExtensions: ReadonlyMap<string, readonly string[]> = new Map(
  rows
    .trim()
    .split('\n')
    .map((row) => {
      const [extension = '', ...types] = row.trim().split(' ');
      return [extension, types] as const;
    }),
);

/** "Some bytes" (RFC 2046 4.5.1): it contradicts nothing. */
export const unspecificType = 'application/octet-stream';

/** What is known of media types: negative is welcome, 0 ordinary, positive should not come by mail. */
const judged: Readonly<Record<string, string>> = {
  '-2': 'multipart/signed multipart/encrypted',
  '-1': 'multipart/alternative multipart/mixed multipart/related text/plain',
  0: `
    text/html text/calendar text/csv text/css text/xml text/enriched text/richtext text/rtf text/rfc822-headers text/vcard
    text/x-vcard text/directory text/x-amp-html text/watch-html text/markdown text/x-patch text/x-diff text/json
    text/x-vcalendar text/yaml text/x-log text/comma-separated-values text/x-python text/x-c text/x-sh
    message/rfc822 message/delivery-status message/disposition-notification message/feedback-report message/global
    message/global-delivery-status message/partial message/external-body multipart/appledouble multipart/parallel
    multipart/report multipart/digest multipart/voice-message text/javascript application/javascript application/x-javascript
    application/octet-stream application/pgp-signature application/pgp-encrypted application/pgp-keys
    application/pkcs7-signature application/x-pkcs7-signature application/pkcs7-mime application/x-pkcs7-mime
    application/ics application/json application/ld+json application/xml application/xhtml+xml application/postscript
    application/rtf application/gzip application/x-gzip application/zip application/x-zip-compressed application/x-zip
    application/x-7z-compressed application/vnd.rar application/x-rar-compressed application/x-rar application/x-tar
    application/x-compressed application/x-compressed-tar application/x-bzip2 application/x-xz application/zstd
    application/msword application/vnd.ms-word application/mspowerpoint application/msexcel application/excel
    application/ms-tnef application/vnd.ms-tnef application/applefile application/mac-binhex40 application/epub+zip
    application/vnd.apple.pkpass application/vnd.android.package-archive application/x-mimearchive application/force-download
    application/octetstream application/x-pdf application/acrobat application/x-pkcs12 application/x-x509-ca-cert
    application/pkix-cert application/x-pem-file application/dicom application/acad application/vnd.visio
    application/vnd.google-earth.kml+xml application/vnd.google-earth.kmz application/gpx+xml application/tlsrpt+gzip
    application/tlsrpt+json application/edifact application/edi-x12 application/vnd.fdf application/emergencycalldata.control+xml`,
  1: `
    application/x-sh application/x-shellscript application/x-perl application/x-httpd-php application/x-php text/x-php
    application/x-msaccess application/vnd.adobe.flash.movie application/x-shockwave-flash application/x-iso9660-image
    application/x-cd-image application/vnd.ms-cab-compressed application/java-archive application/x-java-archive
    application/x-msdownload application/x-dosexec application/x-msdos-program application/x-executable
    application/vnd.microsoft.portable-executable application/x-mach-binary application/java-vm application/x-msi
    application/x-ace-compressed`,
  2: `
    multipart/form-data multipart/byteranges multipart/header-set multipart/x-mixed-replace
    application/hta application/x-ms-shortcut application/vnd.ms-htmlhelp application/x-bat application/x-powershell
    application/x-wsf application/x-ms-application application/x-java-jnlp-file text/vbscript text/scriptlet
    text/x-ms-regedit application/x-mswinurl application/vnd.ms-appx`,
};

const values: ReadonlyMap<string, number> = new Map(
  Object.entries(judged).flatMap(([value, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name): [string, number] => [name, Number(value)]),
  ),
);

/** Families and trees of types that are ordinary as a whole. */
const ordinary =
  /^(?:image|audio|video|font|model)\/|^application\/(?:pdf|vnd\.(?:openxmlformats-officedocument|oasis\.opendocument|ms-(?:excel|powerpoint|word|outlook|visio|project|xpsdocument)|apple)\b)/;

/** What is known here of a media type; undefined: nothing. */
export function judgeType(type: string): number | undefined {
  return values.get(type) ?? (ordinary.test(type) ? 0 : undefined);
}
