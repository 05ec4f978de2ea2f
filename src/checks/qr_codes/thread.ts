import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import type { Raster } from '../../core/index.ts';
import { greyPicture } from './raster.ts';

/** One picture; bytes that went from thread to thread are no Buffer any more. */
export interface PictureQuestion {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
  readonly raster: (Omit<Raster, 'palette'> & { readonly palette: Uint8Array | undefined }) | undefined;
}

/** What its QR codes say. */
export type PictureAnswer = readonly string[];

/** Codes of one picture that are read. */
const maxCodes = 4;

// The library would fetch its program from the Internet.
const program = await readFile(fileURLToPath(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')));
prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(program).buffer } });

/** Pictures that cannot be decoded have no codes. */
async function read(picture: PictureQuestion): Promise<PictureAnswer> {
  const codes = await readBarcodes(picture.raster ? greyPicture(picture, picture.raster) : picture.bytes, {
    formats: ['QRCode'],
    maxNumberOfSymbols: maxCodes,
  });
  return codes.flatMap(({ isValid, text }) => (isValid ? text : []));
}

parentPort?.on('message', async (picture: PictureQuestion) => {
  // What fails ends the thread, and the next picture gets a new one.
  parentPort?.postMessage((await read(picture)) satisfies PictureAnswer);
});
