import { useEffect, useRef } from "react";

const EVERY_MS = 30_000;
const AT_LEAST_MS = 5_000;
/** Without a sign of life for so long nobody is looking, and the session must be able to end. */
const WATCHED_MS = 300_000;
const SIGNS_OF_LIFE = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"];

/** Asks for news while somebody looks at the page, and at once when they come back to it. */
export function Refresh({ onRefresh }) {
  const ask = useRef(onRefresh);
  ask.current = onRefresh;
  useEffect(() => {
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
    const clock = setInterval(() => refresh(EVERY_MS), EVERY_MS / 6);
    document.addEventListener("visibilitychange", back);
    window.addEventListener("focus", back);
    for (const sign of SIGNS_OF_LIFE) window.addEventListener(sign, seen, { passive: true });
    return () => {
      clearInterval(clock);
      document.removeEventListener("visibilitychange", back);
      window.removeEventListener("focus", back);
      for (const sign of SIGNS_OF_LIFE) window.removeEventListener(sign, seen);
    };
  }, []);
  return null;
}
