import { useEffect, useRef } from "react";

const AT_LEAST_MS = 5_000;
/** Without a sign of life for so long nobody is looking, and the session must be able to end. */
const WATCHED_MS = 300_000;
const SIGNS_OF_LIFE = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"];

/** Asks for news while somebody looks at the page, and at once when they come back to it. */
export function Refresh({ onRefresh, seconds = 30 }) {
  const ask = useRef(onRefresh);
  ask.current = onRefresh;
  useEffect(() => {
    const every = seconds * 1000;
    let asked = Date.now();
    let alive = Date.now();
    const refresh = (after) => {
      const now = Date.now();
      if (document.hidden || now - alive > WATCHED_MS || now - asked < after) return;
      asked = now;
      ask.current?.();
    };
    const seen = () => {
      const wasAway = Date.now() - alive > WATCHED_MS;
      alive = Date.now();
      if (wasAway) refresh(AT_LEAST_MS);
    };
    const back = () => {
      if (document.hidden) return;
      alive = Date.now();
      refresh(AT_LEAST_MS);
    };
    const clock = setInterval(() => refresh(every), every / 6);
    document.addEventListener("visibilitychange", back);
    window.addEventListener("focus", back);
    for (const sign of SIGNS_OF_LIFE) window.addEventListener(sign, seen, { passive: true });
    return () => {
      clearInterval(clock);
      document.removeEventListener("visibilitychange", back);
      window.removeEventListener("focus", back);
      for (const sign of SIGNS_OF_LIFE) window.removeEventListener(sign, seen);
    };
  }, [seconds]);
  return null;
}
