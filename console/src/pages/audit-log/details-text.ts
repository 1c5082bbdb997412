/** The details of an entry of the audit log in words. */
import { formatAmount } from '../../components/amounts.ts';
import type { Texts } from '../../texts/en/en.ts';

type AuditTexts = Texts['auditLog'];

/** Names whose values are decimal numbers. */
const amounts = new Set(['amount', 'balance']);

function nameText(name: string, texts: AuditTexts): string {
  // Names that this console does not know are shown as they are.
  return Object.hasOwn(texts.detailNames, name) ? (texts.detailNames[name] ?? name) : name;
}

function dateText(value: string, language: string): string {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return value;
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

function valueText(name: string, value: unknown, texts: AuditTexts, language: string): string {
  if (value === null || value === '') return texts.nothing;
  if (typeof value === 'boolean') return value ? texts.yes : texts.no;
  if (Array.isArray(value)) {
    const words = value.map((item) => (name === 'fields' ? nameText(String(item), texts) : String(item)));
    return words.join(', ');
  }
  if (typeof value === 'object') return `(${detailsText(value, texts, language)})`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (amounts.has(name)) return formatAmount(text, language);
  return name.endsWith('_at') ? dateText(text, language) : text;
}

export function detailsText(details: unknown, texts: AuditTexts, language: string): string {
  return Object.entries(details as Readonly<Record<string, unknown>>)
    .map(([name, value]) => texts.detail(nameText(name, texts), valueText(name, value, texts, language)))
    .join(', ');
}
