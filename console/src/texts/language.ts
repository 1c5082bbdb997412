/** The languages of the console. */
export type Language = 'en' | 'zh';

/** Names of the languages, each in its own language. */
export const languages: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' };
