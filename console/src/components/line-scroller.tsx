/**
 * Scrolls over any number of lines and renders only the visible ones. Browsers limit an element's height to some
 * million pixels, so beyond that the scroll bar maps to a fraction of the lines, while the wheel and the keys still
 * move line by line. Lines may wrap: they are placed starting from the first visible one, so no other line has to be
 * measured.
 */
import { useElementSize, useMergedRef } from '@mantine/hooks';
import {
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  type ReactNode,
  type Ref,
} from 'react';
import classes from './line-scroller.module.css';

/** Below the limit of every browser. */
const maxSpacerHeight = 8_000_000;
const overscan = 8;
/** Space below the last line for a horizontal scroll bar. */
const spareHeight = 16;
const endTolerance = 0.5;

export interface LineScrollerHandle {
  /** Scrolls a line to the middle. @param index 0-based */
  readonly show: (index: number) => void;
}

interface LineScrollerProps {
  readonly handle?: Ref<LineScrollerHandle>;
  readonly count: number;
  /** Height in pixels of a line that does not wrap. */
  readonly lineHeight: number;
  readonly isWrapped?: boolean;
  /** Names the region for screen readers. */
  readonly label: string;
  readonly role?: 'rowgroup';
  readonly className?: string | undefined;
  /** Shown above the lines; does not scroll. */
  readonly header?: ReactNode;
  readonly headerHeight?: number;
  /** Width in pixels; at least that of the container. */
  readonly width?: number;
  /** Whether the view follows the last line. */
  readonly isFollowing: boolean;
  /** Called when the reader scrolls. @param isAtEnd whether the last line is visible */
  readonly onScrolled?: (isAtEnd: boolean) => void;
  /** Lines that are visible or close to it, 0-based; `end` is the one after the last. */
  readonly onRange: (first: number, end: number) => void;
  readonly onScrolledSideways?: (left: number, width: number) => void;
  /** @param index 0-based */
  readonly children: (index: number) => ReactNode;
}

/** Distance of a wheel event in pixels. */
function wheelPixels({ deltaY, deltaMode }: WheelEvent, lineHeight: number, pageHeight: number): number {
  if (deltaMode === WheelEvent.DOM_DELTA_LINE) return deltaY * lineHeight;
  return deltaMode === WheelEvent.DOM_DELTA_PAGE ? deltaY * pageHeight : deltaY;
}

/** Distance of a key in pixels; undefined for keys that do not scroll. */
function keyPixels(key: string, lineHeight: number, pageHeight: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return lineHeight;
    case 'ArrowUp':
      return -lineHeight;
    case 'PageDown':
    case ' ':
      return pageHeight - lineHeight;
    case 'PageUp':
      return lineHeight - pageHeight;
    case 'Home':
      return -Infinity;
    case 'End':
      return Infinity;
    default:
      return undefined;
  }
}

export function LineScroller(props: LineScrollerProps): ReactNode {
  const { count, lineHeight, isWrapped = false, isFollowing, headerHeight = 0, width = 0 } = props;
  const { onScrolled, onRange, onScrolledSideways } = props;
  const frame = useRef<HTMLElement>(null);
  const lines = useRef<HTMLDivElement>(null);
  const { ref: sized, width: frameWidth, height: frameHeight } = useElementSize<HTMLElement>();
  const height = Math.max(0, frameHeight - headerHeight);
  const inSight = Math.ceil(height / lineHeight);
  const [position, setPosition] = useState(0);
  const last = isWrapped ? Math.max(0, count - 1) : Math.max(0, count - height / lineHeight);
  const top = isFollowing ? last : Math.min(position, last);
  const spacer = Math.min(count * lineHeight, maxSpacerHeight) + headerHeight;
  const isOwnScrolling = isWrapped || count * lineHeight > maxSpacerHeight;
  const first = Math.max(0, Math.floor(top) - overscan - (isWrapped ? inSight : 0));
  const end = Math.min(count, Math.floor(top) + inSight + overscan);
  /**
   * The line that is really at the top. Near the end it differs from the requested one, as there are too few lines
   * below.
   */
  const shownTop = useRef(0);
  const ownScrollTop = useRef(0);

  useEffect(() => onRange(first, end), [first, end, onRange]);

  // A wrapped line's position depends on the heights of the lines before it.
  useLayoutEffect(() => {
    const layer = lines.current;
    if (layer === null) return;
    if (!isWrapped) {
      shownTop.current = top;
      layer.style.transform = `translateY(${(first - top) * lineHeight}px)`;
      return;
    }
    const child = layer.children[Math.floor(top) - first] as HTMLElement | undefined;
    const wanted = child === undefined ? 0 : child.offsetTop + (top % 1) * child.offsetHeight;
    const offset = Math.max(0, end === count ? Math.min(wanted, layer.offsetHeight - height) : wanted);
    layer.style.transform = `translateY(${-offset}px)`;
    const children = [...layer.children] as HTMLElement[];
    const place = children.findIndex((line) => line.offsetTop + line.offsetHeight > offset);
    const line = children[place];
    if (line !== undefined) {
      shownTop.current = first + place + (offset - line.offsetTop) / Math.max(1, line.offsetHeight);
    }
  });

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const range = Math.max(0, spacer - height - headerHeight);
    const wanted = last === 0 ? 0 : (top / last) * range;
    if (Math.abs(element.scrollTop - wanted) >= 1) element.scrollTop = wanted;
    ownScrollTop.current = element.scrollTop;
  }, [top, last, spacer, height, headerHeight]);

  const moveTo = useCallback(
    (wanted: number) => {
      const next = Math.min(Math.max(0, wanted), last);
      setPosition(next);
      onScrolled?.(next >= last - endTolerance);
    },
    [last, onScrolled],
  );

  /** Moves by pixels, using the real heights of the lines. */
  const moveBy = useCallback(
    (pixels: number) => {
      const from = shownTop.current;
      const children = lines.current?.children;
      if (!Number.isFinite(pixels)) return moveTo(pixels > 0 ? last : 0);
      if (!isWrapped || children === undefined) return moveTo(from + pixels / lineHeight);
      const heightOf = (index: number): number =>
        (children[index - first] as HTMLElement | undefined)?.offsetHeight || lineHeight;
      let index = Math.floor(from);
      let rest = pixels + (from - index) * heightOf(index);
      while (rest < 0 && index > 0) {
        index -= 1;
        rest += heightOf(index);
      }
      while (rest >= heightOf(index) && index < count - 1) {
        rest -= heightOf(index);
        index += 1;
      }
      return moveTo(index + Math.max(0, rest) / heightOf(index));
    },
    [count, first, isWrapped, last, lineHeight, moveTo],
  );

  useEffect(() => {
    const element = frame.current;
    if (element === null || !isOwnScrolling) return undefined;
    const turn = (event: WheelEvent): void => {
      if (event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      moveBy(wheelPixels(event, lineHeight, height));
    };
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  }, [isOwnScrolling, moveBy, lineHeight, height]);

  useImperativeHandle(
    props.handle,
    () => ({ show: (index) => moveTo(index - (isWrapped ? 2 : inSight / 2)) }),
    [moveTo, inSight, isWrapped],
  );

  const merged = useMergedRef(frame, sized);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- it scrolls further than a browser can by itself
    <section
      ref={merged}
      className={`${classes['frame']} ${props.className ?? ''}`}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
      tabIndex={0}
      style={{ maxHeight: isWrapped ? undefined : spacer + spareHeight }}
      aria-label={props.label}
      role={props.role}
      onScroll={({ currentTarget: element }) => {
        onScrolledSideways?.(element.scrollLeft, element.clientWidth);
        if (Math.abs(element.scrollTop - ownScrollTop.current) < 1) return;
        ownScrollTop.current = element.scrollTop;
        const range = Math.max(1, spacer - height - headerHeight);
        moveTo((element.scrollTop / range) * last);
      }}
      onKeyDown={(event) => {
        if (!isOwnScrolling || event.target !== event.currentTarget) return;
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        const pixels = keyPixels(event.key, lineHeight, height);
        if (pixels === undefined) return;
        event.preventDefault();
        moveBy(pixels);
      }}
    >
      <div className={classes['spacer']} style={{ height: spacer, width: width || undefined }}>
        <div className={classes['layer']}>
          {props.header !== undefined && (
            <div className={classes['header']} style={{ height: headerHeight }}>
              {props.header}
            </div>
          )}
          <div className={classes['clip']} style={{ height }}>
            <div ref={lines} className={classes['lines']} style={{ minWidth: Math.max(width, frameWidth) }}>
              {Array.from({ length: Math.max(0, end - first) }, (_, place) => props.children(first + place))}
            </div>
          </div>
        </div>
      </div>
    </section>
  );
}
