import { useEffect, useRef } from "react";

const STEP = 16;
const LEAST = 64;

/** The edge of a column's head: drag it, or use the arrow keys, to change the width. */
export function ColumnResizer({ column, width, label, onResize }) {
  const handle = useRef(null);
  const table = () => handle.current.closest("table");
  const now = () => Math.round(handle.current.closest("th").getBoundingClientRect().width);
  const set = (pixels) => {
    table().style.setProperty(`--width-${column}`, `${pixels}px`);
    handle.current.setAttribute("aria-valuenow", String(pixels));
  };
  useEffect(() => {
    if (width) set(width);
    else {
      table().style.removeProperty(`--width-${column}`);
      handle.current.setAttribute("aria-valuenow", String(now()));
    }
  }, [width, column]);
  const drag = (event) => {
    event.preventDefault();
    const from = event.clientX;
    const before = now();
    let pixels = before;
    const element = event.currentTarget;
    element.setPointerCapture(event.pointerId);
    const move = (moved) => {
      pixels = Math.max(LEAST, before + Math.round(moved.clientX - from));
      set(pixels);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener(
      "lostpointercapture",
      () => {
        element.removeEventListener("pointermove", move);
        if (pixels !== before) onResize?.(column, pixels);
      },
      { once: true },
    );
  };
  const keys = (event) => {
    const direction = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    event.stopPropagation();
    const pixels = Math.max(LEAST, now() + direction * STEP);
    set(pixels);
    onResize?.(column, pixels);
  };
  return (
    <span
      ref={handle}
      className="column-resizer"
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width || 0}
      aria-valuemin={LEAST}
      aria-valuemax={1000}
      tabIndex={0}
      onPointerDown={drag}
      onKeyDown={keys}
    />
  );
}
