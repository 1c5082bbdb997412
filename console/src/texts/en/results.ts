/** The table of a run's rows. */
import type { FilterOperator } from '../../api/row-queries.ts';

const operators: Readonly<Record<FilterOperator, string>> = {
  contains: 'Contains',
  equals: 'Equals',
  empty: 'Is empty',
  not_empty: 'Is not empty',
  range: 'Between',
};

export const results = {
  operators,
  condition: 'Condition',
  value: 'Value',
  from: 'From',
  to: 'To',
  applyFilter: 'Filter',
  removeFilter: 'Remove',
  filterColumn: (label: string) => `Filter ${label}`,
  sortBy: (key: string) => `Sort by ${key}`,
  widthOf: (label: string) => `Width of ${label}`,
  selectRow: (number: string) => `Select row ${number}`,
  removeCondition: (condition: string) => `Remove: ${condition}`,
  conditions: {
    contains: (label: string, value: string) => `${label} contains “${value}”`,
    equals: (label: string, value: string) => `${label} is “${value}”`,
    empty: (label: string) => `${label} is empty`,
    not_empty: (label: string) => `${label} is not empty`,
    from: (label: string, from: string) => `${label} from ${from}`,
    to: (label: string, to: string) => `${label} up to ${to}`,
    range: (label: string, from: string, to: string) => `${label} from ${from} to ${to}`,
  },
  ascending: (label: string) => `Sorted by ${label}`,
  descending: (label: string) => `Sorted by ${label}, descending`,
  clear: 'Clear all',
  clearSelection: 'Clear selection',
  copyPage: 'Copy rows in view',
  copySelected: (count: string) => `Copy selected (${count})`,
  copyFormats: { csv: 'As CSV', json: 'As JSON', markdown: 'As Markdown' },
  copied: (count: number, text: string) => (count === 1 ? '1 row copied' : `${text} rows copied`),
  wideRow: 'Full width',
  exportShown: 'Only the rows shown, in their order',
  exportShownHint: 'Applies the search, filters and sorting of the table.',
};
