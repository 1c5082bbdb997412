/** What rows and lines of one run are stored under. */
export interface RunReference {
  readonly id: number;
  /** `YYYY-MM-DD`, the partition. */
  readonly day: string;
}
