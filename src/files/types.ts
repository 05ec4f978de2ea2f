import type { FileFamily, FileType } from '../core/index.ts';

const rows: Readonly<Record<FileFamily, string>> = {
  archive: `
    zip application/zip
    jar application/java-archive
    apk application/vnd.android.package-archive
    rar application/vnd.rar
    7z application/x-7z-compressed
    gz application/gzip
    tgz application/gzip
    bz2 application/x-bzip2
    xz application/x-xz
    lz application/x-lzip
    zst application/zstd
    lz4 application/x-lz4
    lzo application/x-lzop
    z application/x-compress
    tar application/x-tar
    iso application/x-iso9660-image
    udf application/x-udf-image
    cab application/vnd.ms-cab-compressed
    arj application/x-arj
    ace application/x-ace-compressed
    alz application/x-alz-compressed
    egg application/x-egg
    lzh application/x-lzh-compressed
    zpaq application/x-zpaq
    wim application/x-ms-wim
    vhd application/x-vhd
    vhdx application/x-vhdx
    vmdk application/x-vmdk
    dmg application/x-apple-diskimage
    cpio application/x-cpio
    ar application/x-archive
    deb application/vnd.debian.binary-package
    rpm application/x-rpm
    xar application/x-xar
    sit application/x-stuffit`,
  document: `
    pdf application/pdf
    rtf application/rtf
    ps application/postscript
    doc application/msword
    xls application/vnd.ms-excel
    ppt application/vnd.ms-powerpoint
    msg application/vnd.ms-outlook
    pub application/x-mspublisher
    vsd application/vnd.visio
    hwp application/x-hwp
    ole application/x-ole-storage
    docx application/vnd.openxmlformats-officedocument.wordprocessingml.document
    xlsx application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
    pptx application/vnd.openxmlformats-officedocument.presentationml.presentation
    docm application/vnd.ms-word.document.macroenabled.12
    xlsm application/vnd.ms-excel.sheet.macroenabled.12
    pptm application/vnd.ms-powerpoint.presentation.macroenabled.12
    xlsb application/vnd.ms-excel.sheet.binary.macroenabled.12
    vsdx application/vnd.ms-visio.drawing
    xps application/vnd.ms-xpsdocument
    odt application/vnd.oasis.opendocument.text
    ods application/vnd.oasis.opendocument.spreadsheet
    odp application/vnd.oasis.opendocument.presentation
    odg application/vnd.oasis.opendocument.graphics
    odb application/vnd.oasis.opendocument.base
    epub application/epub+zip
    one application/onenote
    mdb application/x-msaccess
    wpd application/vnd.wordperfect
    djvu image/vnd.djvu
    dwg image/vnd.dwg`,
  executable: `
    exe application/x-msdownload
    dll application/x-msdownload
    com application/x-dosexec
    elf application/x-executable
    macho application/x-mach-binary
    class application/java-vm
    dex application/x-dex
    wasm application/wasm
    lnk application/x-ms-shortcut
    url application/x-mswinurl
    chm application/vnd.ms-htmlhelp
    msi application/x-msi
    swf application/vnd.adobe.flash.movie
    crx application/x-chrome-extension
    appx application/vnd.ms-appx`,
  script: `
    js application/javascript
    vbs text/vbscript
    wsf application/x-wsf
    sct text/scriptlet
    hta application/hta
    bat application/x-bat
    ps1 application/x-powershell
    reg text/x-ms-regedit
    sh application/x-sh
    py text/x-python
    pl application/x-perl
    rb application/x-ruby
    php application/x-httpd-php
    jnlp application/x-java-jnlp-file
    inf application/x-setupscript`,
  image: `
    png image/png
    jpg image/jpeg
    gif image/gif
    bmp image/bmp
    tiff image/tiff
    webp image/webp
    ico image/vnd.microsoft.icon
    cur image/vnd.microsoft.icon
    psd image/vnd.adobe.photoshop
    heic image/heic
    avif image/avif
    jxl image/jxl
    jp2 image/jp2
    emf image/emf
    wmf image/wmf
    xcf image/x-xcf
    svg image/svg+xml`,
  media: `
    mp3 audio/mpeg
    ogg application/ogg
    flac audio/flac
    wav audio/wav
    mid audio/midi
    amr audio/amr
    aiff audio/aiff
    avi video/x-msvideo
    mp4 video/mp4
    mov video/quicktime
    m4a audio/mp4
    3gp video/3gpp
    mkv video/x-matroska
    wmv video/x-ms-wmv
    flv video/x-flv
    mpg video/mpeg
    ttf font/ttf
    otf font/otf
    ttc font/collection
    woff font/woff
    woff2 font/woff2`,
  text: `
    html text/html
    xml application/xml
    eml message/rfc822
    mht multipart/related
    vcf text/vcard
    ics text/calendar
    asc application/pgp-encrypted
    pem application/x-pem-file
    torrent application/x-bittorrent`,
  other: `
    sqlite application/vnd.sqlite3
    pst application/vnd.ms-outlook
    tnef application/ms-tnef
    p7m application/pkcs7-mime`,
};

/** Every type that is told apart, by its usual extension. */
const fileTypes: ReadonlyMap<string, FileType> = new Map(
  Object.entries(rows).flatMap(([family, text]) =>
    text
      .trim()
      .split('\n')
      .map((row): [string, FileType] => {
        const [extension = '', contentType = ''] = row.trim().split(' ');
        return [extension, { extension, contentType, family: family as FileFamily }];
      }),
  ),
);

/** A type of the table above. */
export function fileType(extension: string): FileType | undefined {
  return fileTypes.get(extension);
}
