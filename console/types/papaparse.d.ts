/** What the console uses of papaparse. The package of its types brings Node's, which do not hold in a browser. */
interface ParseOptions {
  /** `''` finds it out. */
  readonly delimiter: string;
  /** `greedy` also skips lines of blanks. */
  readonly skipEmptyLines: 'greedy';
}

declare const papaparse: {
  /** The cells of a text by line. */
  parse(text: string, options: ParseOptions): { readonly data: string[][] };
};

export default papaparse;
