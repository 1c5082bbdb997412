/** Accepts a package dropped anywhere on the page unless a dialog is open, and shows an overlay while one is dragged over it. */
import { Overlay, Portal, Text } from '@mantine/core';
import { useEffect, useEffectEvent, useState, type ReactNode } from 'react';
import { useTexts } from '../../../texts/texts.tsx';

interface DropTargetProps {
  readonly onDrop: (data: DataTransfer) => void;
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes('Files') === true;
}

function hasDialog(): boolean {
  return document.querySelector('[role=dialog]') !== null;
}

export function DropTarget({ onDrop }: DropTargetProps): ReactNode {
  const { workers: texts } = useTexts();
  const [isOver, setIsOver] = useState(false);
  const drop = useEffectEvent(onDrop);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      // Otherwise the browser opens what is dropped.
      event.preventDefault();
      setIsOver(!hasDialog());
    };
    const leave = (event: DragEvent): void => {
      // The event fires for every element; it has no related target only when the window is left.
      if (event.relatedTarget === null) setIsOver(false);
    };
    const take = (event: DragEvent): void => {
      setIsOver(false);
      if (event.dataTransfer === null || !hasFiles(event)) return;
      event.preventDefault();
      if (!hasDialog()) drop(event.dataTransfer);
    };
    window.addEventListener('dragover', over);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', take);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', take);
    };
  }, []);
  if (!isOver) return null;
  return (
    <Portal>
      <Overlay fixed center zIndex={400} backgroundOpacity={0.65} blur={2}>
        <Text c="white" fw={650} size="xl">
          {texts.dropHere}
        </Text>
      </Overlay>
    </Portal>
  );
}
