/** Searches a list a moment after the last key press. The key `/` focuses it from anywhere on the page; Escape leaves it. */
import { Kbd, TextInput } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';

const searchMilliseconds = 250;

interface SearchFieldProps {
  readonly label: string;
  /** The words in the URL. */
  readonly value: string;
  readonly maxLength?: number;
  readonly onSearch: (keyword: string) => void;
}

export function SearchField({ label, value, maxLength, onSearch }: SearchFieldProps): ReactNode {
  const field = useRef<HTMLInputElement>(null);
  const [words, setWords] = useState(value);
  const sent = useRef(value);
  const search = (keyword: string): void => {
    sent.current = keyword;
    onSearch(keyword);
  };
  const searchLater = useDebouncedCallback(search, searchMilliseconds);
  useHotkeys([['/', () => field.current?.focus()]]);
  useEffect(() => {
    // Something other than this field changed the URL, such as the back button or "Clear filters".
    if (value !== sent.current) setWords(value);
    sent.current = value;
  }, [value]);
  return (
    <TextInput
      ref={field}
      type="search"
      leftSection={<IconSearch size={16} />}
      rightSection={words === '' && <Kbd size="xs">/</Kbd>}
      placeholder={label}
      aria-label={label}
      value={words}
      maxLength={maxLength}
      onChange={({ currentTarget }) => {
        setWords(currentTarget.value);
        searchLater(currentTarget.value.trim());
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        // Chromium would clear the field, and the list would change under the keys that move through it.
        event.preventDefault();
        event.currentTarget.blur();
      }}
    />
  );
}
