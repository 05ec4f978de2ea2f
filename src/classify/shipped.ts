import { readFileSync } from 'node:fs';
import { ContentModel, parseModelFile } from './model.ts';

let shipped: ContentModel | undefined;

/** The model that comes with the program, made by `npm run train:model`. Read once. */
export function readShippedModel(): ContentModel {
  shipped ??= new ContentModel(
    parseModelFile(readFileSync(new URL('./content.model', import.meta.url), 'utf8')),
  );
  return shipped;
}
