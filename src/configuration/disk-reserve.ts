/** How much of a disk must stay free: bytes, or a share of its size. */
export type DiskReserve = { readonly bytes: number } | { readonly percent: number };

/** @param totalBytes size of the disk */
export function reserveBytes(reserve: DiskReserve, totalBytes: number): number {
  return 'bytes' in reserve ? reserve.bytes : Math.floor((totalBytes * reserve.percent) / 100);
}
