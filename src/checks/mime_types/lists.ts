const weights = (groups: Readonly<Record<string, string>>): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(groups).flatMap(([weight, names]) =>
      names
        .trim()
        .split(/\s+/)
        .map((name) => [name, Number(weight)]),
    ),
  );

/** Extensions that nobody should get by mail, with weights of MIME_BAD_EXTENSION. */
export const badExtensions = weights({
  4: `
    ace ade adp apk app appcontent-ms application appref-ms appx appxbundle bas bat chm cmd com cpl crt daa
    desktopthemepackfile deskthemepack diagcab diagcfg diagpkg dll drv egg ex_ fxp gadget grp hlp hta img inf ins iso isp
    its jnlp job js jse ksh lib library-ms lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt mdw mdz
    msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst msu ocx ops osd ovl pcd pif plg prf prg
    printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 pyz pyzw reg scf scr sct search-ms settingcontent-ms
    shb shs sys theme themepack tmp tsp udf url vb vba vbe vbp vbs vhd vhdx vmdk vsmacros vsw vxd webpnp website ws wsc
    wsf wsh xbap xll xnk`,
  3: 'cab',
  2: 'arj asx cue iqy jar lzh mht mhtml rdp sfx slk txz wim z',
  1: 'aspx exe htm html shtm shtml',
});

/** The same for the only file of an archive. */
export const badArchiveExtensions = weights({
  4: 'chm hta iso lnk vbs wsf',
  3: 'jar',
  0.5: 'js',
  0.1: 'docx exe pdf pptx xlsx',
});

const all = (names: string): Readonly<Record<string, number>> => weights({ 1: names });

/** Extensions of archives that do not belong into another one. */
export const archiveExtensions = all('7z ace alz arj bz2 cab egg lz rar txz xz zip zpaq');

/** Extensions of files that are archives inside, but nothing that people pack files with. */
export const archiveExceptions = all('docx odp ods odt pptx vsdx xlsx');

/** Types that a file of that name must have. */
export const extensionTypes: Readonly<Record<string, string | readonly string[]>> = {
  html: 'text/html',
  htm: 'text/html',
  shtm: 'text/html',
  shtml: 'text/html',
  pdf: ['application/octet-stream', 'application/pdf', 'application/x-pdf'],
  txt: ['message/disposition-notification', 'text/plain', 'text/rfc822-headers'],
};
