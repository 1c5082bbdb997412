/** The languages of the console. */
export type Language = 'en' | 'zh';

/** What a reader who chooses a language should know, in that language. */
export const languageNotes: Readonly<Partial<Record<Language, string>>> = {
  zh: '界面已切换为中文。服务器返回的消息和部分指南只有英文版。',
};

/** Names of the languages, each in its own language. */
export const languages: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' };
