/** The tables as each room's `tables.ts` declares them for Kysely, read from the source because types do not exist at run time. */
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseSync, type ESTree } from 'vite';

const sourceDir = path.resolve(import.meta.dirname, '../../../src');

/** The JavaScript types that a column is read and written as. */
export interface DeclaredColumn {
  readonly kind: 'string' | 'number' | 'boolean' | 'Date' | 'Buffer' | 'JsonText' | 'JSONColumnType';
  /** The values of an enumeration; undefined if any value is allowed. */
  readonly values: readonly (string | number)[] | undefined;
  readonly isNullable: boolean;
  /** `default` may be omitted in an insert, `always` cannot be given. */
  readonly generated: 'never' | 'default' | 'always';
}

export type DeclaredTables = Map<string, Map<string, DeclaredColumn>>;

interface SourceFile {
  readonly file: string;
  readonly types: ReadonlyMap<string, ESTree.TSType>;
  readonly interfaces: readonly ESTree.TSInterfaceDeclaration[];
  /** The file by imported name. */
  readonly imports: ReadonlyMap<string, string>;
}

async function readSource(file: string): Promise<SourceFile> {
  const { program, errors } = parseSync(file, await readFile(file, 'utf8'), { preserveParens: false });
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const types = new Map<string, ESTree.TSType>();
  const interfaces: ESTree.TSInterfaceDeclaration[] = [];
  const imports = new Map<string, string>();
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration' && statement.source.value.startsWith('.')) {
      const target = path.resolve(path.dirname(file), statement.source.value);
      for (const { local } of statement.specifiers) imports.set(local.name, target);
      continue;
    }
    const block = statement.type === 'TSModuleDeclaration' ? statement.body : null;
    for (const item of block?.type === 'TSModuleBlock' ? block.body : [statement]) {
      const declared = item.type === 'ExportNamedDeclaration' ? item.declaration : item;
      if (declared?.type === 'TSTypeAliasDeclaration') types.set(declared.id.name, declared.typeAnnotation);
      if (declared?.type === 'TSInterfaceDeclaration') interfaces.push(declared);
    }
  }
  return { file, types, interfaces, imports };
}

/** Name and type of every member. */
function membersOf(declaration: ESTree.TSInterfaceDeclaration): [string, ESTree.TSType][] {
  return declaration.body.body.map((member) => {
    const type = member.type === 'TSPropertySignature' ? member.typeAnnotation?.typeAnnotation : undefined;
    if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier' || type === undefined) {
      throw new Error(`${declaration.id.name} has a member other than a column`);
    }
    return [member.key.name, type];
  });
}

function referenceOf(type: ESTree.TSType): { name: string; argument: ESTree.TSType | undefined } | undefined {
  if (type.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier') return undefined;
  return { name: type.typeName.name, argument: type.typeArguments?.params[0] };
}

/** `x` of `typeof x`. */
function queriedName(type: ESTree.TSType): string | undefined {
  return type.type === 'TSTypeQuery' && type.exprName.type === 'Identifier' ? type.exprName.name : undefined;
}

/** The values of `(typeof x)[number]`, `(typeof x)[keyof typeof x]` and `keyof typeof x`. */
async function enumerated(type: ESTree.TSType, file: string): Promise<(string | number)[] | undefined> {
  const isKeys = type.type === 'TSTypeOperator' && type.operator === 'keyof';
  const isMembers = type.type === 'TSIndexedAccessType';
  const name = isKeys
    ? queriedName(type.typeAnnotation)
    : isMembers
      ? queriedName(type.objectType)
      : undefined;
  if (name === undefined) return undefined;
  const module = (await import(pathToFileURL(file).href)) as Record<string, Record<string, string | number>>;
  const value = module[name];
  if (value === undefined) throw new Error(`${file} does not export ${name}, whose values a column may have`);
  return isKeys ? Object.keys(value) : Object.values(value);
}

const keywords: ReadonlyMap<string, DeclaredColumn['kind']> = new Map([
  ['TSStringKeyword', 'string'],
  ['TSNumberKeyword', 'number'],
  ['TSBooleanKeyword', 'boolean'],
]);

function mayBeNull(type: ESTree.TSType): boolean {
  return type.type === 'TSUnionType' && type.types.some((member) => member.type === 'TSNullKeyword');
}

class ColumnReader {
  readonly #source: SourceFile;

  constructor(source: SourceFile) {
    this.#source = source;
  }

  async read(type: ESTree.TSType): Promise<DeclaredColumn> {
    const reference = referenceOf(type);
    if (reference?.argument !== undefined) {
      if (reference.name === 'JSONColumnType')
        return { ...plain('JSONColumnType'), isNullable: mayBeNull(reference.argument) };
      if (reference.name === 'Generated')
        return { ...(await this.read(reference.argument)), generated: 'default' };
      if (reference.name === 'GeneratedAlways')
        return { ...(await this.read(reference.argument)), generated: 'always' };
    }
    const keyword = keywords.get(type.type);
    if (keyword !== undefined) return plain(keyword);
    if (type.type === 'TSLiteralType') return this.#literal(type);
    return type.type === 'TSUnionType' ? this.#union(type) : this.#named(type);
  }

  #literal({ literal }: ESTree.TSLiteralType): DeclaredColumn {
    if (
      literal.type !== 'Literal' ||
      (typeof literal.value !== 'string' && typeof literal.value !== 'number')
    ) {
      throw new Error(`${this.#source.file} has a column of a literal that is no text and no number`);
    }
    return ofValues([literal.value]);
  }

  async #union({ types }: ESTree.TSUnionType): Promise<DeclaredColumn> {
    const members = await Promise.all(
      types.filter(({ type }) => type !== 'TSNullKeyword').map(async (member) => this.read(member)),
    );
    const [first] = members;
    if (first === undefined) throw new Error(`${this.#source.file} has a column that is always null`);
    const isNullable = members.length < types.length;
    if (members.length === 1) return { ...first, isNullable };
    return { ...ofValues(members.flatMap(({ values }) => values ?? [])), isNullable };
  }

  async #named(type: ESTree.TSType): Promise<DeclaredColumn> {
    const { file, imports } = this.#source;
    const name = referenceOf(type)?.name;
    if (name === 'Date' || name === 'Buffer' || name === 'JsonText') return plain(name);
    const target = name === undefined ? undefined : imports.get(name);
    if (name === undefined || target === undefined)
      throw new Error(`${file} has a column of type ${type.type}`);
    const alias = (await readSource(target)).types.get(name);
    const values = alias === undefined ? undefined : await enumerated(alias, target);
    if (values === undefined)
      throw new Error(`${target} declares ${name} in a way that this test cannot read`);
    return ofValues(values);
  }
}

function plain(kind: DeclaredColumn['kind']): DeclaredColumn {
  return { kind, values: undefined, isNullable: false, generated: 'never' };
}

function ofValues(values: readonly (string | number)[]): DeclaredColumn {
  return { ...plain(typeof values[0] === 'number' ? 'number' : 'string'), values };
}

/** @throws Error if a declaration has an unknown form */
export async function readDeclaredTables(): Promise<DeclaredTables> {
  const tables: DeclaredTables = new Map();
  for await (const name of glob('**/tables.ts', { cwd: sourceDir })) {
    const source = await readSource(path.join(sourceDir, name));
    const reader = new ColumnReader(source);
    const declarations = new Map(source.interfaces.map((declaration) => [declaration.id.name, declaration]));
    const listed = declarations.get('Tables');
    if (listed === undefined) throw new Error(`${name} adds no table to Tables`);
    for (const [table, type] of membersOf(listed)) {
      const declaration = declarations.get(referenceOf(type)?.name ?? '');
      if (declaration === undefined) throw new Error(`${name} does not declare the columns of ${table}`);
      const columns = new Map<string, DeclaredColumn>();
      for (const [column, columnType] of membersOf(declaration)) {
        columns.set(column, await reader.read(columnType));
      }
      tables.set(table, columns);
    }
  }
  return tables;
}
