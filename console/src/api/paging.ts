/** Lists by page, as the API answers them. */

export const pageSizes = [20, 50, 100] as const;
