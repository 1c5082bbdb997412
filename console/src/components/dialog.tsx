/** A dialog with a question or a form. */
import { Modal, type ModalProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';

export function Dialog(props: Omit<ModalProps, 'opened'> & { readonly opened?: boolean }): ReactNode {
  const { common } = useTexts();
  return <Modal opened centered closeButtonProps={{ 'aria-label': common.close }} {...props} />;
}
