/** The console's texts in the reader's language. English is bundled; other languages are loaded on demand. */
import { useLocalStorage } from '@mantine/hooks';
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react';
import { en, type Texts } from './en/en.ts';
import { languageNotes, languages, type Language } from './language.ts';

export { languageNotes, languages, type Language, type Texts };

interface Choice {
  readonly texts: Texts;
  readonly language: Language;
  readonly choose: (language: Language) => void;
}

const TextContext = createContext<Choice>({ texts: en, language: 'en', choose: () => undefined });

function browserLanguage(): Language {
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** Texts loaded so far. */
const loaded = new Map<Language, Texts>([['en', en]]);

async function load(language: Language): Promise<Texts> {
  const texts = loaded.get(language) ?? (await import('./zh/zh.ts')).zh;
  loaded.set(language, texts);
  return texts;
}

export function TextProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [language, choose] = useLocalStorage<Language>({
    key: 'chela.language',
    defaultValue: browserLanguage(),
    getInitialValueInEffect: false,
  });
  const [texts, setTexts] = useState<Texts | undefined>(loaded.get(language));
  useEffect(() => {
    let isCurrent = true;
    document.documentElement.lang = language;
    const show = async (): Promise<void> => {
      const found = await load(language);
      if (isCurrent) setTexts(found);
    };
    void show();
    return () => {
      isCurrent = false;
    };
  }, [language]);
  const choice = useMemo(() => ({ texts: texts ?? en, language, choose }), [texts, language, choose]);
  // Render nothing until the texts are loaded, to avoid a flash of English.
  if (texts === undefined) return null;
  return <TextContext value={choice}>{children}</TextContext>;
}

/** The texts of the console. */
export function useTexts(): Texts {
  return use(TextContext).texts;
}

/** The current language, and a function that changes it. */
export function useLanguage(): Pick<Choice, 'language' | 'choose'> {
  return use(TextContext);
}
