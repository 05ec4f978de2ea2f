/** A rule that ships: its expression in the language of the section `regexp`, and how the symbol counts. */
export interface StockRule {
  readonly re: string;
  readonly score: number;
  readonly description: string;
  readonly group: string;
  readonly oneShot?: true;
}
