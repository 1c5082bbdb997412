/** Identifies the run under which rows and lines are stored. */
export interface RunReference {
  readonly id: number;
  /** `YYYY-MM-DD`, which determines the partition. */
  readonly day: string;
}
