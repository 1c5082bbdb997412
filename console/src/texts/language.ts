/** The languages of the console. */
export type Language = 'en' | 'zh';

/** Languages by the name they call themselves. */
export const languages: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' };
