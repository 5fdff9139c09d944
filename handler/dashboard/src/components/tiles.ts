import { type RefObject, useLayoutEffect, useRef, useState } from "react";

/** A tile needs so much, in rem. */
const TILE_REM = 13.5;

/** How many tiles each row has, of at most `most`: rows as even as possible, none with a hole. */
export function tileRows(tiles: number, most: number): number[] {
  const rows = Math.ceil(tiles / Math.max(most, 1));
  return Array.from({ length: rows }, (_, row) => Math.floor(tiles / rows) + (row < tiles % rows ? 1 : 0));
}

/** How many tiles stand beside each other in the element at most; 1 until it is measured. */
export function useColumns(): [RefObject<HTMLUListElement | null>, number] {
  const list = useRef<HTMLUListElement>(null);
  const [columns, setColumns] = useState(1);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const measure = () => {
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
      setColumns(Math.max(Math.floor(element.clientWidth / rem / TILE_REM), 1));
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [list, columns];
}
