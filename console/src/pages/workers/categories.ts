/** Categories of workers. The API has only numbers; the names belong to the console. */
import type { Texts } from '../../texts/texts.tsx';

type Category = keyof Texts['workers']['categories'];

/** Name of a category by its number; '' for none. Unknown numbers are shown as numbers. */
export function categoryName(number: number, texts: Texts['workers']): string {
  if (number === 0) return '';
  return texts.categories[number as Category] ?? texts.unknownCategory(number);
}

/** All named categories in order of their names, as choices, plus the selected one if it has no name. */
export function categoryChoices(
  chosen: number,
  texts: Texts['workers'],
): { readonly value: string; readonly label: string }[] {
  const numbers = new Set(Object.keys(texts.categories).map(Number));
  if (chosen !== 0) numbers.add(chosen);
  return [...numbers]
    .map((number) => ({ value: String(number), label: categoryName(number, texts) }))
    .toSorted((one, other) => one.label.localeCompare(other.label));
}
