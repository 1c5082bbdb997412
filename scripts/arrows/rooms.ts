/** Reads the rooms and the allowed imports between them from the tables in `docs/architecture.md`. */

export interface Room {
  /** Folder or file below `src/`, such as `runs`, `runner/proxy` or `errors.ts`; `../console/src` for the console. */
  readonly place: string;
  /** Files that other rooms may import, as paths below `src/`; undefined for every file. */
  readonly facades: readonly string[] | undefined;
  /** Places of the rooms that this one may import; undefined for every room. */
  readonly uses: readonly string[] | undefined;
}

/** An import that breaks a rule for a stated reason. */
export interface Exemption {
  /** Paths below `src/`. */
  readonly from: string;
  readonly to: string;
}

const everything = 'everything';
const everyFile = 'every file';
const nothing = '–';

/** The texts in backquotes in a cell. */
function codes(cell: string): string[] {
  return cell.split('`').filter((_, index) => index % 2 === 1);
}

/** The rows of the table whose heading row starts with `first`; none if there is no such table. */
function tableRows(page: string, first: string): string[][] {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${first} |`));
  if (start === -1) return [];
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end === -1 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function facadesOf(place: string, cell: string): string[] | undefined {
  return cell === everyFile ? undefined : codes(cell).map((file) => `${place}/${file}`);
}

/** @param page text of `docs/architecture.md` @throws Error if its table of rooms cannot be read */
export function readRooms(page: string): Room[] {
  const rows = tableRows(page, 'Room');
  if (rows.length === 0) throw new Error('the page has no table of rooms');
  return rows.map(([name = '', , facade = '', uses = '']) => {
    const [place] = codes(name);
    if (place === undefined) throw new Error(`"${name}" names no room`);
    const isFile = place.endsWith('.ts');
    return {
      place,
      facades: isFile ? [place] : facadesOf(place, facade),
      uses: uses === everything ? undefined : uses === nothing ? [] : codes(uses),
    };
  });
}

/** @param page text of `docs/architecture.md` */
export function readExemptions(page: string): Exemption[] {
  return tableRows(page, 'Exempted import').map(([arrow = '']) => {
    const [from, to] = codes(arrow);
    if (from === undefined || to === undefined) throw new Error(`"${arrow}" names no import`);
    return { from, to };
  });
}
