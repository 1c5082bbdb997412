import type { PublishedVersion } from '../../../api/publishing.ts';

/** What the forms that publish a package are given. */
export interface PublishFormProps {
  readonly workerId: string | undefined;
  readonly onClose: () => void;
  readonly onPublished: (published: PublishedVersion) => void;
}
