/** Lists by page, as the API answers them. */

export interface Paged<Item> {
  /** Of all pages together. */
  readonly count: number;
  readonly list: readonly Item[];
  /** 1-based. */
  readonly page_index: number;
  readonly page_size: number;
}

export const pageSizes = [20, 50, 100] as const;
