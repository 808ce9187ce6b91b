import { useEffect, useReducer } from "react";

const watchers = new Set();
let clock;

function watch(watcher) {
  watchers.add(watcher);
  clock ??= setInterval(() => watchers.forEach((each) => each()), 30_000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearInterval(clock);
      clock = undefined;
    }
  };
}

const STEPS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [86_400 * 30, 86_400, "d"],
];

function words(moment, now) {
  const seconds = Math.round((now - moment) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 45) return "just now";
  const step = STEPS.find(([limit]) => distance < limit);
  if (!step) {
    return new Date(moment).toLocaleDateString(undefined, {
      year: "numeric",
      month: "short",
      day: "numeric",
    });
  }
  const amount = `${Math.max(1, Math.round(distance / step[1]))} ${step[2]}`;
  return seconds >= 0 ? `${amount} ago` : `in ${amount}`;
}

/** A moment in words that stay true, with the exact time on hover. */
export function RelativeTime({ value, missing = "Never", exact = false, ...rest }) {
  const [ticks, tick] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    tick();
    return watch(tick);
  }, []);
  const moment = value ? Date.parse(value) : NaN;
  if (Number.isNaN(moment)) return <span className="quiet">{missing}</span>;
  const full = ticks
    ? new Date(moment).toLocaleString(undefined, { dateStyle: "long", timeStyle: "medium" })
    : undefined;
  const short = String(value).slice(0, 10);
  return (
    <time {...rest} className="time" dateTime={String(value)} title={full} suppressHydrationWarning>
      {ticks ? (exact ? full : words(moment, Date.now())) : short}
    </time>
  );
}
