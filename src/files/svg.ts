import type { ImageView } from '../core/index.ts';

/** How far the root element may be into the file. */
const windowBytes = 16_384;

const units: Readonly<Record<string, number>> = {
  '': 1,
  px: 1,
  pt: 4 / 3,
  pc: 16,
  in: 96,
  cm: 96 / 2.54,
  mm: 96 / 25.4,
};

/**
 * SVG: the size that its root element tells, else that of its view box; 0: none. Its links are read with those of HTML,
 * for browsers open it as a page.
 */
export function readSvg(file: Buffer): ImageView | undefined {
  const text = file.toString('latin1', 0, Math.min(file.length, windowBytes)).replaceAll('\0', '');
  const root = /<(?:\w{1,20}:)?svg\b[^>]{0,8192}/i.exec(text)?.[0];
  if (root === undefined) return undefined;
  const box = /\sviewBox\s*=\s*["']\s*(?:-?[\d.]+[\s,]+){2}([\d.]+)[\s,]+([\d.]+)/i.exec(root);
  return {
    format: 'svg',
    width: lengthOf(root, 'width') ?? (Number(box?.[1] ?? 0) || 0),
    height: lengthOf(root, 'height') ?? (Number(box?.[2] ?? 0) || 0),
    frames: 1,
    links: [],
    isCut: false,
  };
}

function lengthOf(root: string, name: string): number | undefined {
  const found = new RegExp(
    String.raw`\s${name}\s*=\s*["']\s*([\d.]{1,12})(px|pt|pc|in|cm|mm)?\s*["']`,
    'i',
  ).exec(root);
  const pixels = Number(found?.[1]) * (units[found?.[2]?.toLowerCase() ?? ''] ?? 1);
  return Number.isFinite(pixels) ? Math.round(pixels) : undefined;
}
