import type { PublishedVersion } from '../../../api/publishing.ts';

/** Props shared by the forms that publish a package. */
export interface PublishFormProps {
  readonly workerId: string | undefined;
  readonly onClose: () => void;
  readonly onPublished: (published: PublishedVersion) => void;
}
