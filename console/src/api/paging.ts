/** Pages of a list, as the API returns them. */

export const pageSizes = [20, 50, 100] as const;
