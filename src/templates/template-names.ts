/** The templates of workers: each language in each kind. */

export const templateLanguages = ['node', 'typescript', 'python'] as const;
export type TemplateLanguage = (typeof templateLanguages)[number];

/** plain: input and results only; http: reads pages through the proxy; browser: opens pages in a browser. */
export const templateKinds = ['plain', 'http', 'browser'] as const;
export type TemplateKind = (typeof templateKinds)[number];

export type TemplateName = `${TemplateLanguage}-${TemplateKind}`;

export const templateNames = templateLanguages.flatMap((language) =>
  templateKinds.map((kind): TemplateName => `${language}-${kind}`),
);

/** Languages whose SDK can be downloaded. */
export const sdkLanguages = ['node', 'python', 'go'] as const;
export type SdkLanguage = (typeof sdkLanguages)[number];
