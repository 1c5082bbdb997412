/** The templates of workers, and the SDK. */
export const templates = {
  title: 'Templates and SDK',
  text: 'A template is a complete worker with the SDK. Download one, change it and upload it.',
  languages: { node: 'Node', typescript: 'TypeScript', python: 'Python' },
  kinds: { plain: 'Plain', http: 'HTTP requests', browser: 'Browser' },
  sdkOnly: 'SDK only',
  sdkLanguages: { node: 'Node', python: 'Python', go: 'Go' },
};
