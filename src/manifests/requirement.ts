/**
 * Parses one requirement of pip: `name[extras]versions; marker --hash=...`, as defined by PEP 508 and pip's
 * requirements file format, without URLs. The text is untrusted, so each character is read only once.
 *
 * Only what this grammar accepts reaches pip: no line separators that only Python knows, no `${VARIABLES}`, no options.
 */
const comparisons = ['===', '==', '~=', '!=', '<=', '>=', '<', '>'] as const;
const nameCharacters = /[\w.-]/;
const nameEnds = /[A-Za-z0-9]/;
const versionCharacters = /[\w.*+!-]/;
const algorithmCharacters = /[a-z0-9]/;
const digestCharacters = /[0-9A-Fa-f]/;
const variableCharacters = /[\w.]/;
const textCharacters = /[\w .*+!:,/~()<>=-]/;

/** The text is not a requirement; the message says why. */
class Unexpected extends Error {}

/** A position in a line that only moves forward. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** @param character expression for one character @returns the longest run of such characters, possibly empty */
  takeAll(character: RegExp): string {
    const start = this.#at;
    while (!this.isAtEnd && character.test(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  /** Skips spaces and tabs. @returns whether there were any */
  skipSpace(): boolean {
    return this.takeAll(/[ \t]/) !== '';
  }

  takeText(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  takeOneOf<Text extends string>(texts: readonly Text[]): Text | undefined {
    return texts.find((text) => this.takeText(text));
  }

  expected(what: string): Unexpected {
    const rest = Array.from(this.#text.slice(this.#at, this.#at + 40))
      .slice(0, 20)
      .join('');
    return new Unexpected(`expected ${what} ${rest === '' ? 'at the end' : `at "${rest}"`}`);
  }
}

function readName(scanner: Scanner, what: string): void {
  const name = scanner.takeAll(nameCharacters);
  if (name === '') throw scanner.expected(what);
  if (!nameEnds.test(name.charAt(0)) || !nameEnds.test(name.charAt(name.length - 1)))
    throw new Unexpected(`${what} must start and end with a letter or digit`);
  scanner.skipSpace();
}

function readExtras(scanner: Scanner): void {
  if (!scanner.takeText('[')) return;
  scanner.skipSpace();
  if (!scanner.takeText(']')) {
    do {
      scanner.skipSpace();
      readName(scanner, 'the name of an extra');
    } while (scanner.takeText(','));
    if (!scanner.takeText(']')) throw scanner.expected('"," or "]"');
  }
  scanner.skipSpace();
}

function readVersions(scanner: Scanner): void {
  const isInParentheses = scanner.takeText('(');
  scanner.skipSpace();
  while (scanner.takeOneOf(comparisons) !== undefined) {
    scanner.skipSpace();
    if (scanner.takeAll(versionCharacters) === '') throw scanner.expected('a version');
    scanner.skipSpace();
    if (!scanner.takeText(',')) break;
    scanner.skipSpace();
  }
  if (isInParentheses && !scanner.takeText(')')) throw scanner.expected('")"');
  scanner.skipSpace();
}

/** A quoted string or a variable name. */
function readMarkerValue(scanner: Scanner): void {
  const quote = scanner.takeOneOf(['"', "'"]);
  if (quote === undefined) {
    if (scanner.takeAll(variableCharacters) === '') throw scanner.expected('a variable or a quoted string');
  } else {
    // pip looks for options after spaces, even within quotes.
    if (scanner.takeAll(textCharacters).includes(' -'))
      throw new Unexpected('" -" is not supported in a marker');
    if (!scanner.takeText(quote)) throw scanner.expected(`the closing quote`);
  }
  scanner.skipSpace();
}

function readMarkerComparison(scanner: Scanner): void {
  if (scanner.takeOneOf(comparisons) === undefined) {
    if (scanner.takeText('not') && !scanner.skipSpace()) throw scanner.expected('"in"');
    if (!scanner.takeText('in')) throw scanner.expected('a comparison');
  }
  scanner.skipSpace();
}

/** Comparisons joined by `and` and `or`, with parentheses. */
function readMarker(scanner: Scanner): void {
  if (!scanner.takeText(';')) return;
  let open = 0;
  do {
    scanner.skipSpace();
    for (; scanner.takeText('('); open += 1) scanner.skipSpace();
    readMarkerValue(scanner);
    readMarkerComparison(scanner);
    readMarkerValue(scanner);
    for (; open > 0 && scanner.takeText(')'); open -= 1) scanner.skipSpace();
  } while (scanner.takeOneOf(['and', 'or']) !== undefined);
  if (open > 0) throw scanner.expected('")"');
}

function readHashes(scanner: Scanner): void {
  while (scanner.takeText('--hash')) {
    if (scanner.takeOneOf(['=', ' ']) === undefined) throw scanner.expected('"="');
    if (scanner.takeAll(algorithmCharacters) === '' || !scanner.takeText(':'))
      throw scanner.expected('an algorithm and ":"');
    if (scanner.takeAll(digestCharacters) === '') throw scanner.expected('a hash in hexadecimal digits');
    if (!scanner.skipSpace() && !scanner.isAtEnd) throw scanner.expected('a space');
  }
}

/**
 * Checks that a line is a requirement.
 * @param line without comments and surrounding spaces
 * @returns why it is not, as a clause for an error; undefined if it is
 */
export function requirementProblem(line: string): string | undefined {
  const scanner = new Scanner(line);
  try {
    readName(scanner, 'the name of a package');
    readExtras(scanner);
    readVersions(scanner);
    readMarker(scanner);
    readHashes(scanner);
    if (!scanner.isAtEnd) throw scanner.expected('a version, ";" or "--hash"');
    return undefined;
  } catch (error) {
    if (error instanceof Unexpected) return error.message;
    throw error;
  }
}
