/** Finds the regular expressions in a source file, and their exemptions. */
import { parseSync, Visitor, type ESTree, type ParseResult } from 'vite';

export interface Expression {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly source: string;
  readonly flags: string;
  /** The reason to allow an expression that is not proven safe. */
  readonly exemption: string | undefined;
}

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface SourceExpressions {
  readonly expressions: readonly Expression[];
  readonly problems: readonly Problem[];
}

type Node = ESTree.Expression | ESTree.Argument;

const exemptionForm = /^\s*expression-exempt:(.*)$/s;
const shortestReason = 10;
/** Schema validators compile patterns with this flag. */
const schemaFlags = 'u';
const implicitMethods: ReadonlySet<string> = new Set(['match', 'matchAll', 'search']);

/** Maps offsets to lines without scanning the text again each time. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}

function isNamed(node: Node | ESTree.Super, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}

function isMember(node: Node | ESTree.Super, object: string, property: string): boolean {
  return node.type === 'MemberExpression' && isNamed(node.object, object) && nameOfMember(node) === property;
}

function nameOfMember(node: ESTree.MemberExpression): string | undefined {
  return !node.computed && node.property.type === 'Identifier' ? node.property.name : undefined;
}

/** @returns the constant text of a node; undefined if it is not constant */
function constantText(node: Node, constants: ReadonlyMap<string, Node>): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? undefined;
  if (node.type === 'TaggedTemplateExpression' && isMember(node.tag, 'String', 'raw'))
    return node.quasi.expressions.length === 0 ? node.quasi.quasis[0]?.value.raw : undefined;
  if (node.type === 'Identifier') {
    const value = constants.get(node.name);
    return value === undefined ? undefined : constantText(value, constants);
  }
  return undefined;
}

/** Top-level constants of the module by name, with the nodes of their values. */
function moduleConstants(program: ESTree.Program): Map<string, Node> {
  const constants = new Map<string, Node>();
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type === 'Identifier' && init) constants.set(id.name, init);
    }
  }
  return constants;
}

/** The exemptions in a file, by the line they apply to. */
class Exemptions {
  readonly problems: Problem[] = [];
  readonly #reasons = new Map<number, string>();
  readonly #used = new Set<number>();
  readonly #file: string;

  constructor(file: string, comments: ParseResult['comments'], lineOf: (offset: number) => number) {
    this.#file = file;
    for (const { value, end } of comments) {
      const reason = exemptionForm.exec(value)?.[1]?.trim();
      if (reason === undefined) continue;
      const line = lineOf(end);
      if (reason.length < shortestReason)
        this.problems.push({ file, line, message: 'the exemption has no reason beside it' });
      this.#reasons.set(line + 1, reason);
    }
  }

  /** @returns the reason for the exemption of the expression that starts on this line */
  take(line: number): string | undefined {
    this.#used.add(line);
    return this.#reasons.get(line);
  }

  unused(): Problem[] {
    return [...this.#reasons.keys()]
      .filter((line) => !this.#used.has(line))
      .map((line) => ({
        file: this.#file,
        line: line - 1,
        message: 'the exemption stands above no expression',
      }));
  }
}

/**
 * @param file its extension determines the language
 * @param text content of the file
 * @returns regular expression literals, `RegExp` with constant text, and patterns in schemas. An expression built from
 *   other text is a problem unless the line above says `// expression-exempt: reason`
 */
export function readExpressions(file: string, text: string): SourceExpressions {
  const { program, comments, errors } = parseSync(file, text);
  const [error] = errors;
  if (error !== undefined)
    return { expressions: [], problems: [{ file, line: 1, message: `cannot be read: ${error.message}` }] };
  const lineOf = lineCounter(text);
  const exemptions = new Exemptions(file, comments, lineOf);
  const constants = moduleConstants(program);
  const expressions: Expression[] = [];
  const dynamic: Problem[] = [];

  function add(node: { readonly start: number }, source: string, flags: string): void {
    const line = lineOf(node.start);
    expressions.push({ file, line, source, flags, exemption: exemptions.take(line) });
  }
  function addMade(
    node: { readonly start: number },
    made: Node | undefined,
    flags: string | undefined,
  ): void {
    const source = made === undefined ? '' : constantText(made, constants);
    if (source !== undefined && flags !== undefined) add(node, source, flags);
    else {
      const line = lineOf(node.start);
      if (exemptions.take(line) === undefined)
        dynamic.push({ file, line, message: 'an expression is made of text that is not constant' });
    }
  }
  function visitCall(node: ESTree.CallExpression | ESTree.NewExpression): void {
    const { callee } = node;
    const [first, second] = node.arguments;
    if (isNamed(callee, 'RegExp') || isMember(callee, 'globalThis', 'RegExp')) {
      // A literal argument is found by the visitor of literals.
      if (first?.type === 'Literal' && 'regex' in first) return;
      addMade(node, first, second === undefined ? '' : constantText(second, constants));
    } else if (callee.type === 'MemberExpression' && implicitMethods.has(nameOfMember(callee) ?? '')) {
      // These functions turn strings into regular expressions.
      const isText =
        first?.type === 'TemplateLiteral' || (first?.type === 'Literal' && typeof first.value === 'string');
      if (isText) addMade(node, first, '');
    }
  }

  new Visitor({
    Literal(node) {
      if ('regex' in node) add(node, node.regex.pattern, node.regex.flags);
    },
    NewExpression: visitCall,
    CallExpression: visitCall,
    Property({ key, value }) {
      if (key.type !== 'Identifier' || key.name !== 'pattern') return;
      const source = constantText(value as Node, constants);
      if (source !== undefined) add(value, source, schemaFlags);
    },
  }).visit(program);
  return { expressions, problems: [...exemptions.problems, ...dynamic, ...exemptions.unused()] };
}
